// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_FIND_KERNEL_MEMORY_H
#define DEFIB_BOOT_FIND_KERNEL_MEMORY_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/abi/context.h"
#include "engine/base/file.h"

namespace defib::boot {

// Reading a kernel's memory by its own addresses, before the engine runs. It uses the engine's
// translation, so that what boot sees is what the engine will see.
class KernelMemory {
  public:
    KernelMemory(const DefibWindow& window, const DefibKernelMap& map);

    const DefibTarget& target() const { return *target_; }

    bool read(uint64_t address, void* into, size_t size);

    template <class T>
    std::optional<T> read(uint64_t address) {
        T value{};
        if (!read(address, &value, sizeof value)) return std::nullopt;
        return value;
    }

    // Up to the NUL or `most` bytes; empty where it cannot be read.
    std::string read_text(uint64_t address, size_t most);

    // The bytes themselves, where they lie in one piece of the window; else nothing.
    Bytes piece(uint64_t address, size_t size);

  private:
    std::unique_ptr<DefibTarget> target_;
    DefibCache cache_{};
};

}  // namespace defib::boot

#endif
