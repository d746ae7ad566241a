// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/session.h"

// Beside each other in the section, byte for byte as the compiler wrote them.
__asm__(
    ".section .rodata\n"
    "defib_manifest_begin:\n"
    ".incbin \"" DEFIB_MANIFEST
    "\"\n"
    "defib_manifest_end:\n"
    "defib_ptx_begin:\n"
    ".incbin \"" DEFIB_PTX
    "\"\n"
    "defib_ptx_end:\n"
    ".byte 0\n"  // the driver takes a text that ends
    ".previous\n");

// The assembler's names. NOLINTBEGIN(readability-identifier-naming)
extern "C" {
extern const char defib_manifest_begin[];
extern const char defib_manifest_end[];
extern const char defib_ptx_begin[];
extern const char defib_ptx_end[];
}
// NOLINTEND(readability-identifier-naming)

namespace defib::boot {

RoutineSet routine_set() {
    return {{defib_manifest_begin, defib_manifest_end}, {defib_ptx_begin, defib_ptx_end}};
}

}  // namespace defib::boot
