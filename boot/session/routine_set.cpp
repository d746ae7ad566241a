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
    "defib_older_ptx_begin:\n"
    ".incbin \"" DEFIB_OLDER_PTX
    "\"\n"
    "defib_older_ptx_end:\n"
    ".byte 0\n"
    ".previous\n");

// The assembler's names. NOLINTBEGIN(readability-identifier-naming)
extern "C" {
extern const char defib_manifest_begin[];
extern const char defib_manifest_end[];
extern const char defib_ptx_begin[];
extern const char defib_ptx_end[];
extern const char defib_older_ptx_begin[];
extern const char defib_older_ptx_end[];
}
// NOLINTEND(readability-identifier-naming)

// Machine code, where it was made with the set: the file has a line for each,
// DEFIB_CUBIN(generation, "file").
#define DEFIB_CUBIN(card, file)                        \
    __asm__(                                           \
        ".section .rodata\n.balign 16\n"               \
        ".globl defib_cubin_sm_" #card                 \
        "\n"                                           \
        ".globl defib_cubin_sm_" #card                 \
        "_end\n"                                       \
        "defib_cubin_sm_" #card ":\n.incbin \"" file   \
        "\"\n"                                         \
        "defib_cubin_sm_" #card "_end:\n.previous\n"); \
    extern "C" const char defib_cubin_sm_##card[];     \
    extern "C" const char defib_cubin_sm_##card##_end[];
#include DEFIB_CUBINS_FILE
#undef DEFIB_CUBIN

namespace defib::boot {

RoutineSet routine_set() {
#define DEFIB_CUBIN(card, file) \
    {(card) / 10, (card) % 10, {defib_cubin_sm_##card, defib_cubin_sm_##card##_end}},
    static const std::vector<cuda::Cubin> cubins = {
#include DEFIB_CUBINS_FILE
    };
#undef DEFIB_CUBIN
    return {{defib_manifest_begin, defib_manifest_end},
            {.text = {defib_ptx_begin, defib_ptx_end},
             .cubins = cubins,
             .older_text = {defib_older_ptx_begin, defib_older_ptx_end}}};
}

}  // namespace defib::boot
