// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the numbers of requests, answers and ways mean, for people.
#ifndef DEFIB_BOOT_HOOK_WORDS_H
#define DEFIB_BOOT_HOOK_WORDS_H

#include <stdint.h>

namespace defib::boot {

// "malformed: no such request"
const char* text_of_hook_status(uint32_t status);
// "wake a task"
const char* text_of_hook_kind(uint32_t kind);
// "by memory: no hook there"
const char* text_of_way(uint32_t way);

}  // namespace defib::boot

#endif
