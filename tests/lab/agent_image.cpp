// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/agent_image.h"

__asm__(
    ".section .rodata\n"
    ".globl defib_lab_agent_begin\n"
    ".globl defib_lab_agent_end\n"
    "defib_lab_agent_begin:\n"
    ".incbin \"" DEFIB_AGENT_PROGRAM
    "\"\n"
    "defib_lab_agent_end:\n"
    ".previous\n");

extern "C" {
extern const std::byte defib_lab_agent_begin[];
extern const std::byte defib_lab_agent_end[];
}

namespace defib::lab {

Bytes agent_image() {
    return {defib_lab_agent_begin, defib_lab_agent_end};
}

}  // namespace defib::lab
