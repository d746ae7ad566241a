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

// As boot/session/routine_set.cpp has them of the program's own set.
#define DEFIB_CUBIN(card, file)                              \
    __asm__(                                                 \
        ".section .rodata\n.balign 16\n"                     \
        ".globl defib_brief_cubin_sm_" #card                 \
        "\n"                                                 \
        ".globl defib_brief_cubin_sm_" #card                 \
        "_end\n"                                             \
        "defib_brief_cubin_sm_" #card ":\n.incbin \"" file   \
        "\"\n"                                               \
        "defib_brief_cubin_sm_" #card "_end:\n.previous\n"); \
    extern "C" const char defib_brief_cubin_sm_##card[];     \
    extern "C" const char defib_brief_cubin_sm_##card##_end[];
#include DEFIB_CUBINS_FILE
#undef DEFIB_CUBIN

namespace defib::gpu {

boot::RoutineSet brief_set() {
#define DEFIB_CUBIN(card, file) \
    {(card) / 10, (card) % 10, {defib_brief_cubin_sm_##card, defib_brief_cubin_sm_##card##_end}},
    static const std::vector<boot::cuda::Cubin> cubins = {
#include DEFIB_CUBINS_FILE
    };
#undef DEFIB_CUBIN
    return {{defib_brief_manifest_begin, defib_brief_manifest_end},
            {.text = {defib_brief_ptx_begin, defib_brief_ptx_end}, .cubins = cubins}};
}

}  // namespace defib::gpu
