// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <cpuid.h>
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "boot/restart/findings.h"
#include "boot/restart/rebuild.h"

namespace defib::boot {
namespace {

constexpr size_t FEATURES_AT = 464;       // of XSAVE's area: where the kernel tells of XCR0
constexpr size_t FEATURES_USED_AT = 512;  // XSTATE_BV
constexpr size_t XSAVE_HEADER_END = 576;

// What of its registers a program may use here (XCR0).
uint64_t features_here() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return 3;
    uint32_t low = 0;
    uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

// The kernel's word: the C library has another one (getauxval()).
uint64_t capabilities_here() {
    std::ifstream file("/proc/self/auxv", std::ios::binary);
    std::array<uint64_t, 2> pair{};
    while (file.read(reinterpret_cast<char*>(pair.data()), sizeof pair))
        if (pair[0] == AT_HWCAP) return pair[1];
    return 0;
}

uint64_t word_at(Bytes bytes, size_t at) {
    uint64_t word = 0;
    if (bytes.size() >= at + sizeof word) std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
}

void find_in_processor(const SavedProcess& process, std::vector<Finding>& found) {
    uint64_t features = 0;
    for (const SavedThread& thread : process.threads)
        if (thread.fpu.size() >= XSAVE_HEADER_END)
            features |= word_at(thread.fpu, FEATURES_AT) | word_at(thread.fpu, FEATURES_USED_AT);
    const uint64_t lacking = features & ~features_here();
    if (lacking != 0)
        found.push_back({Weight::obstacle, "processor",
                         fmt::format("this processor has no registers of kinds {:#x} (XCR0), which "
                                     "the process could use",
                                     lacking),
                         "what they held is lost, and code that uses them ends it"});
    const uint64_t capabilities =
        process.auxiliary_value(AT_HWCAP).value_or(0) & ~capabilities_here();
    if (capabilities != 0)
        found.push_back({Weight::obstacle, "processor",
                         fmt::format("this processor lacks {:#x} of what the process' had (CPUID)",
                                     capabilities),
                         "code that uses them ends it"});
}

void find_in_registers(const SavedProcess& process, const SavedThread& thread,
                       std::vector<Finding>& found) {
    const auto add = [&](const char* kind, const std::string& what, const char* instead) {
        found.push_back(
            {Weight::obstacle, kind, fmt::format("thread {}: {}", thread.tid, what), instead});
    };
    if (thread.registers_are != "saved")
        add("stale-registers", "its registers are " + thread.registers_are,
            "it goes on from there");
    if (thread.fpu.empty())
        add("stale-registers", "its vector registers were not in memory", "those of a new process");
    else if (thread.fpu_is != "saved")
        add("vector-registers", "of its vector registers is in the core: " + thread.fpu_is,
            "the others are zero");
    if (thread.system_call_filter != 0)
        add("filters", "its system calls were filtered (seccomp)", "they are not");
    const GoesOn goes = goes_on(process, thread);
    if (goes.is_doubtful)
        found.push_back({Weight::obstacle, "stale-registers", goes.told, "it may be done twice"});
    else if (!goes.told.empty())
        found.push_back({Weight::note, "interrupted-calls", goes.told, ""});
}

}  // namespace

std::vector<Finding> find_in_threads(const SavedProcess& process, const KernelCode&) {
    std::vector<Finding> found;
    find_in_processor(process, found);
    if (process.threads.front().tid != process.pid)
        found.push_back({Weight::obstacle, "ended-threads",
                         "its first thread had ended, or has no registers",
                         "another one takes its place"});
    if (process.threads_left_out != 0)
        found.push_back(
            {Weight::obstacle, "ended-threads",
             fmt::format("{} threads have no registers in the core", process.threads_left_out),
             "they are left out"});
    for (const SavedThread& thread : process.threads) find_in_registers(process, thread, found);
    const bool has_waiting = std::ranges::any_of(
        process.threads, [](const SavedThread& one) { return one.pending != 0; });
    if (process.pending != 0 || has_waiting)
        found.push_back({Weight::note, "signals",
                         "signals waited for it: they are sent again, once each, without what was "
                         "known of who sent them",
                         ""});
    if (process.has_other_timers)
        found.push_back({Weight::obstacle, "timers",
                         "it has timers (timer_create(), ITIMER_VIRTUAL or ITIMER_PROF)",
                         "they are gone"});
    if (process.has_real_timer)
        found.push_back({Weight::obstacle, "timers",
                         "an alarm was set; when it was due is not known",
                         process.real_timer_interval_ns != 0 ? "its interval begins again"
                                                             : "it does not come"});
    return found;
}

}  // namespace defib::boot
