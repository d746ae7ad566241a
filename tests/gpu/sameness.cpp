// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The GPU and the twin, side by side on memory that stands still: every view that takes no
// arguments must report the same, byte for byte and in the same order.
#include <fmt/format.h>

#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

struct Look {
    std::string view;
    std::string collector;
};

std::vector<Look> looks_of(const boot::Session& session) {
    std::vector<Look> looks;
    for (const auto& routine : session.manifest().routines) {
        if (routine.kind != "view") continue;
        const size_t given = routine.collector.empty() ? 0 : 1;
        const bool is_on =
            session.bound().routines[*session.manifest().number_of(routine.name)].why_off.empty();
        if (is_on && routine.arguments.size() == given)
            looks.push_back({routine.name, routine.collector});
        if (is_on && routine.collector == "processes") looks.push_back({routine.name, "threads"});
    }
    return looks;
}

bool is_same(const boot::Seen& one, const boot::Seen& other) {
    if (one.records.size() != other.records.size()) return false;
    if (one.answer.objects != other.answer.objects || one.answer.torn != other.answer.torn ||
        one.answer.incomplete != other.answer.incomplete ||
        one.answer.result != other.answer.result) {
        return false;
    }
    for (size_t i = 0; i < one.records.size(); i++) {
        const auto& a = one.records[i];
        const auto& b = other.records[i];
        if (a.kind != b.kind || a.bytes.size() != b.bytes.size() ||
            std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) != 0) {
            return false;
        }
    }
    return true;
}

Result<void> compare(Suite& suite, lab::Guest& guest) {
    auto here = open(suite, guest.ram_file(), boot::Backend::cpu);
    if (!here) return std::unexpected(here.error());
    auto there = open(suite, guest.ram_file(), suite.backend.backend);
    if (!there) return std::unexpected(there.error());
    suite.add("the engine runs on", (*there)->engine().name());
    for (const Look& look : looks_of(**here)) {
        const auto twin = (*here)->view(look.view, look.collector);
        const auto gpu = (*there)->view(look.view, look.collector);
        if (!twin) return std::unexpected(twin.error());
        if (!gpu) return std::unexpected(gpu.error());
        suite.check(fmt::format("same as the twin: {}{}{}", look.view,
                                look.collector.empty() ? "" : " of ", look.collector),
                    is_same(*twin, *gpu),
                    fmt::format("{} and {} records, {} and {} torn", twin->records.size(),
                                gpu->records.size(), twin->answer.torn, gpu->answer.torn));
    }
    return {};
}

}  // namespace

void check_sameness(Suite& suite) {
    auto guest = lab::Guest::boot({.kernel = suite.kernel, .cpus = 4, .ram_megabytes = 1024});
    if (!guest) return suite.fail_with("a guest", guest.error());
    const auto shell = guest->start(
        {"sh", "-c",
         "i=0; while [ $i -lt 300 ]; do sleep 100000 & i=$((i+1)); done; sleep 100000"});
    const auto settled = guest->run({"sleep", "5"});
    if (!shell || !settled || !guest->qmp("stop")) return suite.check("sleepers start", false);
    if (const auto done = compare(suite, *guest); !done) suite.fail_with("sameness", done.error());
}

}  // namespace defib::gpu
