// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whose memory defib looks at: `host`, this machine, through the hook's device; `vm:FILE`, a
// running guest's RAM file; `core:FILE`, a dump (an ELF vmcore or raw memory), always read only.
#ifndef DEFIB_BOOT_TARGET_TARGET_H
#define DEFIB_BOOT_TARGET_TARGET_H

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "boot/target/mapping.h"
#include "engine/abi/window.h"
#include "engine/base/result.h"

namespace defib::boot {

enum class TargetKind : uint8_t { vm, core, host };

class Target {
  public:
    static Result<Target> open(std::string_view name, Access access);

    // One whose memory this process does not have: another looks at it, and says what it sees.
    static Target elsewhere(std::string name, TargetKind kind);

    const std::string& name() const { return name_; }
    TargetKind kind() const { return kind_; }
    const Mapping& memory() const { return memory_; }
    bool is_elsewhere() const { return is_elsewhere_; }
    bool is_still_there() const { return is_elsewhere_ || memory_.is_still_there(); }
    // Of `host`: what a child that is about to take it needs (mapping.h).
    Result<void> give_up() { return memory_.give_up_host(); }
    Result<void> seal_host() { return memory_.seal_host(); }

    // Where RAM may lie. A raw file does not say at which address the RAM above 4 GB begins in it:
    // each kind of virtual machine has its own split, and the kernel in it tells which is true.
    std::span<const DefibWindow> windows() const { return windows_; }

  private:
    static Result<Target> open_host(Access access);

    std::string name_;
    TargetKind kind_ = TargetKind::vm;
    bool is_elsewhere_ = false;
    Mapping memory_;
    std::vector<DefibWindow> windows_;
};

// The splits that a raw RAM file of this content may have, the likeliest first.
std::vector<DefibWindow> windows_of_ram(Bytes ram);

// The RAM that /proc/iomem tells of, in whole pages.
std::vector<DefibRange> ram_in_map_of_memory(std::string_view text);

bool looks_like_elf(Bytes file);
Result<DefibWindow> window_of_elf_core(Bytes file, const std::string& object);

}  // namespace defib::boot

#endif
