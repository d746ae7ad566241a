// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The one list of everything that can go wrong in defib, shared by engine, boot, hook and remote.
// Plain C, so that the kernel module and a GPU program can include it.
//
// A code is three parts in 32 bits: the room that reports it (two letters), its number in that
// room. Codes go into journals, into logs and over the wire: once released, a line is never
// renumbered, reused or removed. Add at the end of a room's block; error_code_test.cpp holds the
// rules.
#ifndef DEFIB_ENGINE_ABI_ERROR_CODE_H
#define DEFIB_ENGINE_ABI_ERROR_CODE_H

// The exit status that a command ends with when the error reaches its main.
#define DEFIB_EXIT_DONE 0
#define DEFIB_EXIT_NO 1           // done, and the answer is no
#define DEFIB_EXIT_USAGE 2        // the command line is wrong
#define DEFIB_EXIT_INPUT 3        // the input is bad
#define DEFIB_EXIT_ENVIRONMENT 4  // this machine cannot (missing file, tool, right, device)

#define DEFIB_ROOM(a, b) (((unsigned)(a) << 24) | ((unsigned)(b) << 16))

// X(NAME, room letters, number, exit status, "what happened")
// clang-format off
#define DEFIB_ERROR_LIST(X)                                                                        \
    /* BA: engine/base: files, processes, the command frame */                                     \
    X(BASE_USAGE,               'B','A',  1, USAGE,       "bad use")                               \
    X(BASE_CANNOT_READ,         'B','A',  2, ENVIRONMENT, "cannot read")                           \
    X(BASE_CANNOT_WRITE,        'B','A',  3, ENVIRONMENT, "cannot write")                          \
    X(BASE_TOOL_MISSING,        'B','A',  4, ENVIRONMENT, "a needed program is missing")           \
    X(BASE_TOOL_FAILED,         'B','A',  5, ENVIRONMENT, "a helper program failed")               \
    X(BASE_OUT_OF_MEMORY,       'B','A',  6, ENVIRONMENT, "not enough memory")                     \
    /* LY: layouts */                                                                              \
    X(LAYOUT_UNKNOWN_FORMAT,    'L','Y',  1, INPUT,       "not a kernel artefact that is known")   \
    X(LAYOUT_TRUNCATED,         'L','Y',  2, INPUT,       "truncated")                             \
    X(LAYOUT_MALFORMED,         'L','Y',  3, INPUT,       "malformed")                             \
    X(LAYOUT_UNSUPPORTED,       'L','Y',  4, INPUT,       "not supported")                         \
    X(LAYOUT_TOO_LARGE,         'L','Y',  5, INPUT,       "larger than any kernel's")              \
    X(LAYOUT_NO_KERNEL,         'L','Y',  6, INPUT,       "holds no kernel")                       \
    X(LAYOUT_NO_TYPES,          'L','Y',  7, INPUT,       "holds no type information")             \
    X(LAYOUT_NO_SYMBOLS,        'L','Y',  8, INPUT,       "holds no symbol table")                 \
    X(LAYOUT_NOT_FOUND,         'L','Y',  9, INPUT,       "not in this layout")                    \
    X(LAYOUT_CONSTANTS,         'L','Y', 10, INPUT,       "constants cannot be known")             \
    X(LAYOUT_SCHEMA,            'L','Y', 11, INPUT,       "not a layout")                          \
    X(LAYOUT_BASE_NEEDED,       'L','Y', 12, USAGE,       "split BTF needs its base")              \
    /* LA: tests/lab */                                                                            \
    X(LAB_NO_KERNEL,            'L','A',  1, ENVIRONMENT, "no such kernel to boot")                \
    X(LAB_NO_MODULE,            'L','A',  2, ENVIRONMENT, "no such module")                        \
    X(LAB_NO_MACHINE,           'L','A',  3, ENVIRONMENT, "the machine does not run")              \
    X(LAB_NOT_UP,               'L','A',  4, ENVIRONMENT, "the guest did not come up")             \
    X(LAB_NO_ANSWER,            'L','A',  5, ENVIRONMENT, "no answer")                             \
    X(LAB_REFUSED,              'L','A',  6, ENVIRONMENT, "the guest refuses")                     \
    /* BO: boot: targets, finding the kernel, binding, running the engine */                       \
    X(BOOT_TARGET_NAME,         'B','O',  1, USAGE,       "not a target")                          \
    X(BOOT_TARGET_FORMAT,       'B','O',  2, INPUT,       "not memory that can be read")           \
    X(BOOT_NO_KERNEL,           'B','O',  3, INPUT,       "no running kernel in it")               \
    X(BOOT_OTHER_KERNEL,        'B','O',  4, INPUT,       "the layout is another kernel's")        \
    X(BOOT_MANIFEST,            'B','O',  5, INPUT,       "not a manifest")                        \
    X(BOOT_CANNOT_BIND,         'B','O',  6, INPUT,       "cannot be bound to this kernel")        \
    X(BOOT_CANNOT_LOOK,         'B','O',  7, INPUT,       "the kernel's data cannot be followed")
// clang-format on

#define DEFIB_ERROR_ENUM(name, a, b, number, exit, text) \
    DEFIB_ERROR_##name = (int)(DEFIB_ROOM(a, b) | (number)),
enum DefibErrorCode { DEFIB_ERROR_NONE = 0, DEFIB_ERROR_LIST(DEFIB_ERROR_ENUM) };
#undef DEFIB_ERROR_ENUM

#endif
