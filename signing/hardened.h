// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Decisions that survive one fault.
//
// A bit that flips in the processor (a glitch made on purpose, or rowhammer) can skip one
// instruction or turn one branch. An ordinary verifier then starts an unsigned image: `if (!ok)
// return` is one branch, and `bool ok` is one bit away from true. Here:
//
//   - A verdict is no bool. Its two values differ in all 32 bits, and every other value means
//     "refused", so that what happens to lie in a register after a skipped call accepts nothing.
//   - What decides is computed twice and tested twice, by branches of which each alone refuses.
//   - A compiler sees through that at once: the second computation has the same value as the first,
//     so it is removed, and a verdict that is compared with two constants becomes a bool again.
//     `opaque()` hands a value through an empty piece of assembly that the compiler must assume
//     changes it. Without it, everything in this file is decoration.
//
// It does not protect from two faults in a row; neither does MCUboot, whose bar this is. What it is
// worth is measured: tests/signing/fault_injection_test leaves out each instruction in turn.
#ifndef DEFIB_SIGNING_HARDENED_H
#define DEFIB_SIGNING_HARDENED_H

#include <cstdint>

#include "engine/base/file.h"

namespace defib::signing {

enum class Verdict : uint32_t {
    refused = 0x5a3c96e1,
    accepted = 0xa5c3691e,
};

template <class T>
[[gnu::always_inline]] inline T opaque(T value) {
    asm volatile("" : "+r"(value)::"memory");
    return value;
}

[[gnu::always_inline]] inline bool is_accepted(Verdict verdict) {
    if (opaque(uint32_t(verdict)) != uint32_t(Verdict::accepted)) return false;
    return opaque(~uint32_t(verdict)) == uint32_t(Verdict::refused);
}

// Both, each read on its own.
[[gnu::always_inline]] inline Verdict both(Verdict a, Verdict b) {
    if (!is_accepted(a)) return Verdict::refused;
    if (!is_accepted(b)) return Verdict::refused;
    // The sum of what was seen, not a constant: a jump straight to here accepts nothing either.
    return Verdict((opaque(uint32_t(a)) & opaque(uint32_t(b))));
}

// Equal in length and in every byte, in time that does not depend on where they differ.
[[nodiscard]] Verdict compare(Bytes a, Bytes b);

}  // namespace defib::signing

#endif
