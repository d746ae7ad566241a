// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The host's side of the mailbox. Apart from the loop, so that who only speaks with one brings no
// routines along.
#ifndef DEFIB_ENGINE_RUNTIME_MAILBOX_H
#define DEFIB_ENGINE_RUNTIME_MAILBOX_H

#include "engine/abi/mailbox.h"
#include "engine/runtime/processor.h"

namespace defib::runtime {

// What command or answer is known by to be whole, and of that number. Of nothing it is nothing: an
// empty mailbox is in order.
inline uint64_t proof_of(uint64_t content, uint64_t size, uint32_t number) {
    uint64_t hash = number;
#pragma clang loop unroll(disable)
    for (uint64_t at = 0; at < size; at += 8) {
        hash = (hash ^ read_volatile(content + at, 8)) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
    }
    return hash;
}

template <class T>
uint64_t proof_of(const T& content, uint32_t number) {
    static_assert(sizeof(T) % 8 == 0);
    return proof_of(reinterpret_cast<uint64_t>(&content), sizeof(T), number);
}

void post(DefibMailbox& mailbox, const DefibCommand& command);
bool is_answered(const DefibMailbox& mailbox);

}  // namespace defib::runtime

#endif
