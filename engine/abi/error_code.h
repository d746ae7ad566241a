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
    X(LAB_EMULATOR,             'L','A',  7, ENVIRONMENT, "the emulator stumbled at the boot")     \
    /* BO: boot: targets, finding the kernel, binding, running the engine */                       \
    X(BOOT_TARGET_NAME,         'B','O',  1, USAGE,       "not a target")                          \
    X(BOOT_TARGET_FORMAT,       'B','O',  2, INPUT,       "not memory that can be read")           \
    X(BOOT_NO_KERNEL,           'B','O',  3, INPUT,       "no running kernel in it")               \
    X(BOOT_OTHER_KERNEL,        'B','O',  4, INPUT,       "the layout is another kernel's")        \
    X(BOOT_MANIFEST,            'B','O',  5, INPUT,       "not a manifest")                        \
    X(BOOT_CANNOT_BIND,         'B','O',  6, INPUT,       "cannot be bound to this kernel")        \
    X(BOOT_CANNOT_LOOK,         'B','O',  7, INPUT,       "the kernel's data cannot be followed")  \
    X(BOOT_ENGINE,              'B','O',  8, ENVIRONMENT, "the engine does not run")               \
    X(BOOT_JOURNAL,             'B','O',  9, INPUT,       "not a journal")                         \
    X(BOOT_TARGET_LOST,         'B','O', 10, ENVIRONMENT, "the target is gone, or is another one by now")\
    X(BOOT_NOT_DONE,            'B','O', 11, NO,          "not done")                              \
    /* SG: signing */                                                                              \
    X(SIGNING_NOT_A_KEY,          'S','G',  1, INPUT,       "not a key")                           \
    X(SIGNING_PASSPHRASE,         'S','G',  2, INPUT,       "the passphrase does not open it")     \
    X(SIGNING_NO_PASSPHRASE,      'S','G',  3, ENVIRONMENT, "no passphrase to be had")             \
    X(SIGNING_NOT_A_KEY_SET,      'S','G',  4, INPUT,       "not a key set")                       \
    X(SIGNING_KEY_SET_MALFORMED,  'S','G',  5, INPUT,       "malformed key set")                   \
    X(SIGNING_TOO_MANY,           'S','G',  6, INPUT,       "more than fit")                       \
    X(SIGNING_UNSIGNED,           'S','G',  7, NO,          "nobody signed it")                    \
    X(SIGNING_BAD_SIGNATURE,      'S','G',  8, NO,          "a signature does not belong to it")   \
    X(SIGNING_KEY_UNKNOWN,        'S','G',  9, NO,          "signed by nobody that is trusted")    \
    X(SIGNING_KEY_REVOKED,        'S','G', 10, NO,          "signed with a revoked key")           \
    X(SIGNING_KEY_RETIRED,        'S','G', 11, NO,          "signed with a retired key")           \
    X(SIGNING_BELOW_THRESHOLD,    'S','G', 12, NO,          "too few signatures")                  \
    X(SIGNING_FOREIGN_KEY_SET,    'S','G', 13, NO,          "not the successor of the trusted key set")\
    X(SIGNING_STALE_KEY_SET,      'S','G', 14, NO,          "stale key set")                       \
    X(SIGNING_REVOCATION_LOST,    'S','G', 15, NO,          "it takes back a revocation")          \
    X(SIGNING_REVOKES_RUNNING,    'S','G', 16, NO,          "it revokes what the running image was verified with")\
    X(SIGNING_ALREADY_TRUSTS,     'S','G', 17, USAGE,       "trusts a key set already")            \
    X(SIGNING_NOT_IN_KEY_SET,     'S','G', 18, USAGE,       "not in this key set")                 \
    X(SIGNING_COUNTER_MISSING,    'S','G', 19, ENVIRONMENT, "no anti-rollback counter")            \
    X(SIGNING_COUNTER_DAMAGED,    'S','G', 20, ENVIRONMENT, "the anti-rollback counter cannot be trusted")\
    X(SIGNING_COUNTER_JUMP,       'S','G', 21, INPUT,       "too far a jump of a counter")         \
    X(SIGNING_TPM,                'S','G', 22, ENVIRONMENT, "the TPM cannot")                      \
    /* IM: image */                                                                                \
    X(IMAGE_NOT_AN_IMAGE,         'I','M',  1, INPUT,       "not an image")                        \
    X(IMAGE_MALFORMED,            'I','M',  2, INPUT,       "malformed image")                     \
    X(IMAGE_TRUNCATED,            'I','M',  3, INPUT,       "truncated image")                     \
    X(IMAGE_UNSUPPORTED,          'I','M',  4, INPUT,       "an image for another defib")          \
    X(IMAGE_ENDLESS,              'I','M',  5, INPUT,       "larger than any image")               \
    X(IMAGE_EXTRANEOUS,           'I','M',  6, INPUT,       "it holds what nobody signed")         \
    X(IMAGE_UNKNOWN_ATTRIBUTE,    'I','M',  7, INPUT,       "an attribute that is not known here") \
    X(IMAGE_UNKNOWN_PART,         'I','M',  8, INPUT,       "a part that is not known here")       \
    X(IMAGE_INCOMPLETE,           'I','M',  9, INPUT,       "an image without what every image needs")\
    X(IMAGE_MIXED_PARTS,          'I','M', 10, NO,          "a part is not the one that was signed")\
    X(IMAGE_ROLLED_BACK,          'I','M', 11, NO,          "older than what ran here before")     \
    X(IMAGE_WRONG_TARGET,         'I','M', 12, NO,          "an image for other machines")         \
    X(IMAGE_TOO_OLD,              'I','M', 13, NO,          "older than the operator allows")      \
    X(IMAGE_KEY_SET_BEHIND,       'I','M', 14, NO,          "made for a newer key set than is trusted here")\
    X(IMAGE_POLICY,               'I','M', 15, INPUT,       "not a policy")                        \
    /* SL: boot/slots */                                                                           \
    X(SLOTS_NOTHING_BOOTABLE,     'S','L',  1, ENVIRONMENT, "no slot holds an image that may start")\
    X(SLOTS_STORAGE,              'S','L',  2, ENVIRONMENT, "the slots cannot be read or written") \
    X(SLOTS_BUSY,                 'S','L',  3, ENVIRONMENT, "the slot is needed as it is")         \
    X(SLOTS_TOO_LARGE,            'S','L',  4, INPUT,       "larger than a slot")                  \
    /* AP: boot/appliance and boot/seal */                                                  \
    X(APPLIANCE_SELF_TEST,          'A','P',  1, ENVIRONMENT, "the self-test fails")        \
    X(APPLIANCE_NO_LAYOUT,          'A','P',  2, INPUT,       "the image has no layout of this kernel")\
    X(APPLIANCE_NO_ENGINE,          'A','P',  3, INPUT,       "the image has no engine that can run here")\
    X(APPLIANCE_ENGINE_DIED,        'A','P',  4, ENVIRONMENT, "the engine has stopped")     \
    X(APPLIANCE_JOURNAL,            'A','P',  5, ENVIRONMENT, "the journal cannot be written")\
    X(APPLIANCE_SEAL,               'A','P',  6, ENVIRONMENT, "the process cannot be sealed")\
    X(APPLIANCE_DISTURBED,          'A','P',  7, NO,          "the start was disturbed")    \
    /* CO: engine/compiler */                                                                      \
    X(COMPILER_NOT_BITCODE,     'C','O',  1, INPUT,       "not bitcode of a routine")              \
    X(COMPILER_DEFINED_TWICE,   'C','O',  2, INPUT,       "two files define the same")             \
    X(COMPILER_NO_TARGET,       'C','O',  3, USAGE,       "no processor that this LLVM knows")    \
    /* HK: boot/hook: the kernel module, asked from outside */                                     \
    X(HOOK_NOT_FOUND,           'H','K',  1, ENVIRONMENT, "the hook is not loaded there")          \
    X(HOOK_NO_ANSWER,           'H','K',  2, ENVIRONMENT, "the hook does not answer")              \
    X(HOOK_FULL,                'H','K',  3, ENVIRONMENT, "every slot of the hook's ring is in use")
// clang-format on

#define DEFIB_ERROR_ENUM(name, a, b, number, exit, text) \
    DEFIB_ERROR_##name = (int)(DEFIB_ROOM(a, b) | (number)),
enum DefibErrorCode { DEFIB_ERROR_NONE = 0, DEFIB_ERROR_LIST(DEFIB_ERROR_ENUM) };
#undef DEFIB_ERROR_ENUM

#endif
