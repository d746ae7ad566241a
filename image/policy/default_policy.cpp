// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/default_policy.h"

__asm__(
    ".section .rodata\n"
    ".globl defib_default_policy_begin\n"
    ".globl defib_default_policy_end\n"
    "defib_default_policy_begin:\n"
    ".incbin \"" DEFIB_DEFAULT_POLICY
    "\"\n"
    "defib_default_policy_end:\n"
    ".previous\n");

// The assembler's names. NOLINTBEGIN(readability-identifier-naming)
extern "C" {
extern const char defib_default_policy_begin[];
extern const char defib_default_policy_end[];
}
// NOLINTEND(readability-identifier-naming)

namespace defib::image {

std::string_view default_policy() {
    return {defib_default_policy_begin, defib_default_policy_end};
}

}  // namespace defib::image
