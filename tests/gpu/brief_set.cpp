// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/gpu/suite.h"

__asm__(
    ".section .rodata\n"
    "defib_brief_manifest_begin:\n"
    ".incbin \"" DEFIB_BRIEF_MANIFEST
    "\"\n"
    "defib_brief_manifest_end:\n"
    "defib_brief_ptx_begin:\n"
    ".incbin \"" DEFIB_BRIEF_PTX
    "\"\n"
    "defib_brief_ptx_end:\n"
    ".byte 0\n"  // the driver takes a text that ends
    ".previous\n");

// The assembler's names. NOLINTBEGIN(readability-identifier-naming)
extern "C" {
extern const char defib_brief_manifest_begin[];
extern const char defib_brief_manifest_end[];
extern const char defib_brief_ptx_begin[];
extern const char defib_brief_ptx_end[];
}
// NOLINTEND(readability-identifier-naming)

namespace defib::gpu {

boot::RoutineSet brief_set() {
    return {{defib_brief_manifest_begin, defib_brief_manifest_end},
            {.text = {defib_brief_ptx_begin, defib_brief_ptx_end}}};
}

}  // namespace defib::gpu
