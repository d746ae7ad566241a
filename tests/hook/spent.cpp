// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/hook/spent.h"

#include <thread>

namespace defib::hook_test {
namespace {

struct NamedSource {
    uint32_t flag;
    const char* name;
};
constexpr NamedSource SOURCES[] = {{DEFIB_HOOK_SOURCE_PERF, "perf"},
                                   {DEFIB_HOOK_SOURCE_HPET, "hpet"},
                                   {DEFIB_HOOK_SOURCE_RING, "ring"},
                                   {DEFIB_HOOK_SOURCE_TICK, "tick"},
                                   {DEFIB_HOOK_SOURCE_OTHER, "other"}};

// Of a beat that is just being written there is nothing; the next look comes soon.
constexpr int LOOKS = 1000;
constexpr std::chrono::microseconds PAUSE{50};

}  // namespace

Spent spent_by(const boot::Hook& hook, uint32_t cpu) {
    for (int i = 0; i < LOOKS; i++) {
        if (const auto beat = hook.beat(cpu)) return {beat->beats, beat->spent_ns};
        std::this_thread::sleep_for(PAUSE);
    }
    return {};
}

Spent spent(const boot::Hook& hook) {
    Spent sum;
    for (uint32_t cpu = 0; cpu < hook.description().cpus; cpu++) {
        const Spent one = spent_by(hook, cpu);
        sum.looks += one.looks;
        sum.nanoseconds += one.nanoseconds;
    }
    return sum;
}

const char* name_of_source(uint32_t flags) {
    for (const NamedSource& source : SOURCES) {
        if ((flags & source.flag) != 0) return source.name;
    }
    return "none";
}

std::string names_of_sources(uint32_t flags) {
    std::string all;
    for (const NamedSource& source : SOURCES) {
        if ((flags & source.flag) != 0) all += (all.empty() ? "" : ", ") + std::string(source.name);
    }
    return all;
}

}  // namespace defib::hook_test
