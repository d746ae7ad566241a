// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The GPU and the twin plan repairs of one frozen memory: every routine of the set, with the same
// arguments, must come to the same stores, or give up for the same reason. Nothing is written; the
// memory is mapped to be looked at.
#include <fmt/format.h>

#include <map>

#include "boot/commands/act_arguments.h"
#include "engine/routines/views/records.h"
#include "tests/faults/inject.h"
#include "tests/gpu/suite.h"
#include "tests/recover/defib_run.h"

namespace defib::gpu {
namespace {

using recover::DefibRun;
using recover::Event;

// What a person would say for an argument that no process gives.
const std::map<std::string, std::string> WORDS = {
    {"signal", "9"},  {"resource", "7"},    {"limit", "1024"}, {"bytes", "268435456"},
    {"tasks", "500"}, {"nice", "5"},        {"cpus", "1"},     {"value", "1"},
    {"cpu", "1"},     {"quota_us", "50000"}};

bool is_same(const boot::Seen& one, const boot::Seen& other) {
    const DefibAnswer& a = one.answer;
    const DefibAnswer& b = other.answer;
    const bool is_alike = a.outcome == b.outcome && a.death == b.death &&
                          a.death_address == b.death_address && a.result == b.result &&
                          a.objects == b.objects && a.torn == b.torn && a.routine == b.routine &&
                          one.records.size() == other.records.size();
    if (!is_alike) return false;
    for (size_t i = 0; i < one.records.size(); i++) {
        if (one.records[i].kind != other.records[i].kind ||
            !std::ranges::equal(one.records[i].bytes, other.records[i].bytes)) {
            return false;
        }
    }
    return true;
}

struct Pair {
    SessionPointer twin;
    SessionPointer gpu;
};

Result<Pair> open_both(Suite& suite, lab::Guest& guest) {
    Pair both;
    auto twin = open(suite, guest.ram_file(), boot::Backend::cpu);
    if (!twin) return std::unexpected(twin.error());
    auto gpu = open(suite, guest.ram_file(), suite.backend.backend);
    if (!gpu) return std::unexpected(gpu.error());
    both.twin = std::move(*twin);
    both.gpu = std::move(*gpu);
    return both;
}

// Says how it went; the number of stores, or -1 where the two differ.
Result<int> plan(const Pair& both, uint32_t routine, const std::vector<uint64_t>& arguments,
                 std::string& course) {
    const auto twin = both.twin->act(routine, arguments);
    const auto gpu = both.gpu->act(routine, arguments);
    if (!twin) return std::unexpected(twin.error());
    if (!gpu) return std::unexpected(gpu.error());
    const auto& name = both.twin->manifest().routines[routine].name;
    if (!is_same(*twin, *gpu)) {
        course += fmt::format("{}: outcome {} and {}, death {} and {}, {} and {} records; ", name,
                              twin->answer.outcome, gpu->answer.outcome, twin->answer.death,
                              gpu->answer.death, twin->records.size(), gpu->records.size());
        return -1;
    }
    int stores = 0;
    for (const auto& record : twin->records) stores += record.kind == DEFIB_RECORD_STORE ? 1 : 0;
    return stores;
}

Result<void> compare_routines(Suite& suite, lab::Guest& guest, pid_t pid) {
    auto both = open_both(suite, guest);
    if (!both) return std::unexpected(both.error());
    const auto& manifest = both->twin->manifest();
    int routines = 0;
    int with_stores = 0;
    int stores = 0;
    int different = 0;
    std::string course;
    for (uint32_t number = 0; number < manifest.routines.size(); number++) {
        const auto& entry = manifest.routines[number];
        if (entry.kind != "routine" || !both->twin->bound().routines[number].why_off.empty()) {
            continue;
        }
        std::map<std::string, std::string> words;
        for (const auto& argument : manifest.given_arguments(entry)) {
            const auto word = WORDS.find(argument.name);
            if (word != WORDS.end()) words.emplace(*word);
            const bool is_of_finding =
                argument.name == "object" || argument.name.starts_with("evidence");
            words.emplace(argument.name, is_of_finding ? "0" : "1");
        }
        words.emplace("pid", std::to_string(pid));
        const auto filled = boot::fill_arguments(*both->twin, entry, words);
        if (!filled) return std::unexpected(filled.error());
        const auto planned = plan(*both, number, filled->values, course);
        if (!planned) return std::unexpected(planned.error());
        routines++;
        different += *planned < 0 ? 1 : 0;
        with_stores += *planned > 0 ? 1 : 0;
        stores += std::max(*planned, 0);
    }
    suite.check(fmt::format("the same plans as the twin's: {} routines", routines),
                different == 0 && with_stores > 0,
                fmt::format("{} stores wanted by {} of them, the others give up alike; {}", stores,
                            with_stores, course));
    return {};
}

// Only a machine that is deadlocked lets a lock be opened: what the twin would write there.
Result<void> compare_unlock(Suite& suite) {
    const auto& fault = *faults::find("f1a");
    auto options = faults::guest_for(fault, suite.kernel);
    options.cpus = 4;
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    if (auto done = bring_faults(suite, *guest); !done) return done;
    auto run = DefibRun::start(suite.defib, guest->ram_file(), {"--backend", "cpu", "--dry-run"});
    if (!run) return std::unexpected(run.error());
    (*run)->wait_for([](const Event& event) { return event.is("started"); },
                     std::chrono::minutes(1));
    if (auto done = faults::inject(*guest, fault); !done) return std::unexpected(done.error());
    const auto is_wish = [](const Event& event) {
        return event.is("would") && event.text("routine") == "unlock";
    };
    if (!(*run)->wait_for(is_wish, std::chrono::minutes(1))) {
        suite.check("a deadlock is found", false, (*run)->to_text());
        return {};
    }
    if (auto stopped = guest->qmp("stop"); !stopped) return std::unexpected(stopped.error());
    std::vector<uint64_t> arguments;
    for (const Event& event : (*run)->events()) {
        if (!is_wish(event)) continue;
        arguments = {event.json["values"][1], event.json["values"][2], event.json["values"][3]};
    }
    auto both = open_both(suite, *guest);
    if (!both) return std::unexpected(both.error());
    const auto number = both->twin->routine_that_is_on("unlock");
    if (!number) return std::unexpected(number.error());
    std::string course;
    const auto planned = plan(*both, *number, arguments, course);
    if (!planned) return std::unexpected(planned.error());
    suite.check("the same plan as the twin's: unlock, of a deadlocked machine", *planned > 0,
                fmt::format("{} stores; {}", *planned, course));
    return {};
}

}  // namespace

void check_plans(Suite& suite) {
    {
        auto guest = lab::Guest::boot({.kernel = suite.kernel, .cpus = 4, .ram_megabytes = 1024});
        if (!guest) return suite.fail_with("a guest", guest.error());
        const auto sleeper = guest->start({"sleep", "100000"});
        if (!sleeper || !guest->run({"sleep", "1"}) || !guest->qmp("stop")) {
            return suite.check("a sleeper starts", false);
        }
        if (const auto done = compare_routines(suite, *guest, *sleeper); !done) {
            suite.fail_with("the plans", done.error());
        }
    }
    if (const auto done = compare_unlock(suite); !done) suite.fail_with("unlock", done.error());
}

}  // namespace defib::gpu
