// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/session.h"

__asm__(
    ".section .rodata\n"
    ".globl defib_manifest_begin\n"
    ".globl defib_manifest_end\n"
    "defib_manifest_begin:\n"
    ".incbin \"" DEFIB_MANIFEST
    "\"\n"
    "defib_manifest_end:\n"
    ".previous\n");

extern "C" {
extern const char defib_manifest_begin[];
extern const char defib_manifest_end[];
// From the compiler, beside defib_dispatch().
extern const char defib_ptx_sm_75[];
extern const uint64_t defib_ptx_sm_75_size;
}

namespace defib::boot {

RoutineSet routine_set() {
    return {{defib_manifest_begin, defib_manifest_end}, {defib_ptx_sm_75, defib_ptx_sm_75_size}};
}

}  // namespace defib::boot
