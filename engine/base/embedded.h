// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A file's bytes inside of the program, as they are: DEFIB_EMBED(name, "file"), outside of every
// namespace, gives name_begin and name_end. A 0 follows, so that a text can be taken as one that
// ends.
#ifndef DEFIB_ENGINE_BASE_EMBEDDED_H
#define DEFIB_ENGINE_BASE_EMBEDDED_H

// The names are the assembler's.
#define DEFIB_EMBED(name, file)                                                       \
    __asm__(                                                                          \
        ".section .rodata\n.balign 16\n"                                              \
        ".globl " #name                                                               \
        "_begin\n"                                                                    \
        ".globl " #name "_end\n" #name "_begin:\n.incbin \"" file "\"\n" #name        \
        "_end:\n.byte 0\n.previous\n");                                               \
    extern "C" const char name##_begin[]; /* NOLINT(readability-identifier-naming) */ \
    extern "C" const char name##_end[]    /* NOLINT(readability-identifier-naming) */

#endif
