// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the module counts of itself, out of its beats; and how its sources are called.
#ifndef DEFIB_TESTS_HOOK_SPENT_H
#define DEFIB_TESTS_HOOK_SPENT_H

#include <cstdint>
#include <string>

#include "boot/hook/hook.h"

namespace defib::hook_test {

struct Spent {
    uint64_t looks = 0;
    uint64_t nanoseconds = 0;

    double us_each() const {
        return looks == 0 ? 0 : static_cast<double>(nanoseconds) / 1e3 / static_cast<double>(looks);
    }
    Spent operator-(const Spent& before) const {
        return {looks - before.looks, nanoseconds - before.nanoseconds};
    }
};

Spent spent_by(const boot::Hook& hook, uint32_t cpu);
// By all CPUs.
Spent spent(const boot::Hook& hook);

// "ring": the best of those that a beat or an answer was made by.
const char* name_of_source(uint32_t flags);
// "perf, ring, tick".
std::string names_of_sources(uint32_t flags);

}  // namespace defib::hook_test

#endif
