// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/agent_image.h"

__asm__(
    ".section .rodata\n"
    ".globl DEFIB_LAB_AGENT_BEGIN\n"
    ".globl DEFIB_LAB_AGENT_END\n"
    "DEFIB_LAB_AGENT_BEGIN:\n"
    ".incbin \"" DEFIB_AGENT_PROGRAM
    "\"\n"
    "DEFIB_LAB_AGENT_END:\n"
    ".previous\n");

extern "C" {
extern const std::byte DEFIB_LAB_AGENT_BEGIN[];
extern const std::byte DEFIB_LAB_AGENT_END[];
}

namespace defib::lab {

Bytes agent_image() {
    return {DEFIB_LAB_AGENT_BEGIN, DEFIB_LAB_AGENT_END};
}

}  // namespace defib::lab
