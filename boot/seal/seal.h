// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The seal: what a process gives up for good once all is set up. README.md says against whom.
#ifndef DEFIB_BOOT_SEAL_SEAL_H
#define DEFIB_BOOT_SEAL_SEAL_H

#include <span>

#include "boot/seal/allow_list.h"
#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::seal {

enum class OomScore : uint8_t {
    lowest,  // -1000: the kernel's out-of-memory killer passes this process by
    kept,    // whoever started this decides, as a container's runtime does
};

// First, while a failure can still be reported and nothing has begun: no core dump, no tracer of
// the same user, the out-of-memory score.
Result<void> prepare(OomScore score);

// Everything that is mapped by now stays in memory, but for the `window`, which is the target's.
// What a process locks is its own: a child that is forked has to do it again.
Result<void> lock_memory(std::span<const Bytes> window);

// This process's right to a mapping: to read it, or to nothing. After close_doors() it cannot be
// had again.
Result<void> forbid_writing(Bytes bytes);
Result<void> hide(Bytes bytes);

// Closes every file but these; so many more may be had, by who may accept them.
Result<void> close_other_files(const Files& files, size_t more = 0);

// No capability, no new privileges, no more files or processes, and no system call but the allowed
// ones. There is no way back.
Result<void> close_doors(std::span<const Allowance> allowances);

// What a process that tried something else ends with.
inline constexpr int EXIT_TRAPPED = 31;

}  // namespace defib::seal

#endif
