// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/hook/words.h"

#include "engine/abi/ask.h"
#include "engine/abi/hook_ring.h"

namespace defib::boot {

const char* text_of_hook_status(uint32_t status) {
    switch (status) {
#define DEFIB_HOOK_TEXT(name, number, text) \
    case number:                            \
        return text;
        DEFIB_HOOK_STATUS_LIST(DEFIB_HOOK_TEXT)
#undef DEFIB_HOOK_TEXT
        default:
            return "no status that is known";
    }
}

const char* text_of_hook_kind(uint32_t kind) {
    switch (kind) {
#define DEFIB_HOOK_TEXT(name, number, where, arguments, text) \
    case number:                                              \
        return text;
        DEFIB_HOOK_KIND_LIST(DEFIB_HOOK_TEXT)
#undef DEFIB_HOOK_TEXT
        default:
            return "no request that is known";
    }
}

const char* text_of_way(uint32_t way) {
    switch (way) {
#define DEFIB_WAY_TEXT(name, number, text) \
    case number:                           \
        return text;
        DEFIB_WAY_LIST(DEFIB_WAY_TEXT)
#undef DEFIB_WAY_TEXT
        default:
            return "a way that is not known";
    }
}

}  // namespace defib::boot
