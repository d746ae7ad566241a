// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The head of a dump: an ELF core as crash, drgn, gdb and makedumpfile open it. One PT_LOAD for
// each range of RAM, whose pages that a level leaves out are holes of the file: it is as long as
// the RAM, and takes as much room as was kept. So the head does not depend on what is found on the
// way, every reader's address arithmetic is one subtraction, and a dump can be streamed and gone on
// with.
//
// First stands the kernel's image once more, at its own address: /proc/vmcore does that too, and
// gdb needs it.
#ifndef DEFIB_BOOT_SALVAGE_ELF_HEAD_H
#define DEFIB_BOOT_SALVAGE_ELF_HEAD_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boot/find/kernel.h"

namespace defib::boot {

// A note of our own, under the name DEFIB: what was seen when the dump began.
enum class NoteKind : uint32_t {
    progress = 1,
    statistics = 2,
    log = 3,
    processes = 4,
    locks = 5,
    summary = 6,
    process = 7  // of a process' core: what the other notes have no place for, JSON
};

struct DumpNote {
    NoteKind kind;
    std::string text;
};

struct DumpProgress {
    uint64_t done = 0;  // bytes of RAM, in the order of the ranges
    uint32_t level = 0;
    uint32_t reserved = 0;
};

struct ElfHead {
    std::string bytes;         // what the file begins with, up to `data`
    uint64_t data = 0;         // where the first range's memory begins in the file
    uint64_t progress_at = 0;  // where the DumpProgress is
};

ElfHead make_elf_head(const Kernel& kernel, std::span<const DumpNote> notes,
                      const DumpProgress& progress);

// The head of an unfinished dump of this very kernel; nothing where it is another's or damaged.
std::optional<ElfHead> read_elf_head(const Kernel& kernel, Bytes file);

}  // namespace defib::boot

#endif
