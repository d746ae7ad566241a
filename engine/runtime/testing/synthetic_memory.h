// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A small made-up machine for tests: RAM in two ranges with a hole between, as behind a 4 GB split,
// inaccessible pages all around each, and page tables as the test wants them. An engine that reads
// or writes one byte outside of the window is killed by the processor.
#ifndef DEFIB_ENGINE_RUNTIME_TESTING_SYNTHETIC_MEMORY_H
#define DEFIB_ENGINE_RUNTIME_TESTING_SYNTHETIC_MEMORY_H

#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/abi/target.h"

namespace defib::testing {

class SyntheticMemory {
  public:
    static constexpr uint64_t LOW_SIZE = 4U << 20;
    static constexpr uint64_t HIGH_START = uint64_t{1} << 32;
    static constexpr uint64_t HIGH_SIZE = 2U << 20;
    static constexpr uint64_t DIRECT_MAP = 0xffff888000000000;
    static constexpr uint64_t IMAGE = 0xffffffff81000000;
    static constexpr uint64_t IMAGE_PHYSICAL = 0x200000;
    static constexpr uint64_t IMAGE_SIZE = 0x100000;

    explicit SyntheticMemory(uint32_t levels = 4);
    ~SyntheticMemory();
    SyntheticMemory(const SyntheticMemory&) = delete;
    SyntheticMemory& operator=(const SyntheticMemory&) = delete;

    DefibTarget& target() { return *target_; }

    // Maps one page of 2^page_bits bytes in the page tables.
    void map(uint64_t address, uint64_t physical, uint32_t page_bits, uint64_t extra_bits = 0);

    template <class T>
    T read(uint64_t physical) const {
        T value;
        std::memcpy(&value, at(physical), sizeof(T));
        return value;
    }
    template <class T>
    void write(uint64_t physical, T value) {
        std::memcpy(at(physical), &value, sizeof(T));
    }
    uint8_t* at(uint64_t physical) const;

    static uint64_t direct(uint64_t physical) { return DIRECT_MAP + physical; }

  private:
    uint64_t new_table();

    std::unique_ptr<DefibTarget> target_;
    uint8_t* reserved_ = nullptr;
    uint64_t next_table_ = 0x1000;
};

}  // namespace defib::testing

#endif
