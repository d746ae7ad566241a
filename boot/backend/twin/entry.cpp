// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Linked with the runtime and the compiled routines into the image's x86-64 part: a shared object
// that needs nothing, no C library either, and shows one symbol.
#include "boot/backend/twin/entry.h"

#include "engine/runtime/loop.h"

extern "C" {

// Clang calls these for large structures even where there is no library.
void* memset(void* to, int value, unsigned long size) {
    for (unsigned long i = 0; i < size; i++) {
        static_cast<volatile unsigned char*>(to)[i] = static_cast<unsigned char>(value);
    }
    return to;
}

void* memcpy(void* to, const void* from, unsigned long size) {
    for (unsigned long i = 0; i < size; i++) {
        static_cast<volatile unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
    }
    return to;
}

static void start(DefibEngine* engine, uint64_t now_ns) {
    defib::runtime::start(*engine, now_ns);
}

static bool turn(DefibEngine* engine, uint64_t now_ns) {
    return defib::runtime::turn(*engine, now_ns) == defib::runtime::Turn::go_on;
}

static uint64_t next_turn_ns(const DefibEngine* engine) {
    return defib::runtime::next_turn_ns(*engine);
}

extern const DefibTwin defib_twin;
const DefibTwin defib_twin = {
    DEFIB_ABI_VERSION, sizeof(DefibEngine), sizeof(DefibTarget), sizeof(DefibJournal), start, turn,
    next_turn_ns};
}
