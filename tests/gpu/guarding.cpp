// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib run --backend cuda` beside a guest that is then broken: what the policy that comes along
// does, done by the GPU alone. The process that holds the engine is stopped before the fault
// strikes and wakes when all is over; what was found and written it tells afterwards, out of the
// journal.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "tests/faults/inject.h"
#include "tests/gpu/suite.h"
#include "tests/recover/defib_run.h"

namespace defib::gpu {
namespace {

using recover::DefibRun;
using recover::Event;
using std::chrono::milliseconds;

struct Case {
    const char* what;
    const char* fault;
    const char* finding;
    const char* routine;  // what shall have been written by
    unsigned cpus;
    unsigned ram_mb;
};
constexpr Case CASES[] = {
    {"eight CPUs deadlocked on a leaked spinlock", "f1a", "spinlock_leaked", "unlock", 8, 1024},
    {"out of memory", "hog", "memory_", "signal", 2, 512},
    {"a fork bomb of 500", "fork_bomb", "fork_bomb", "kill_family", 2, 512},
    {"realtime hogs", "rt_hogs_unlimited", "realtime_starvation", "signal", 2, 512},
};

bool is_stopped(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    std::getline(file, text);
    const size_t after = text.rfind(')');
    return after != std::string::npos && text.substr(after + 2, 1) == "T";
}

// Ordinary processes did not run for that long, and run again.
bool has_had_gap(const lab::Guest& guest, lab::Clock::time_point since, milliseconds gap) {
    return lab::longest_gap(guest.heartbeats(), since, lab::Clock::now()) > gap;
}

bool is_well(lab::Guest& guest) {
    const auto echo = guest.run({"sh", "-c", "echo alive > /tmp/after && cat /tmp/after"},
                                std::chrono::seconds(30));
    return echo && echo->out == "alive\n";
}

double ms(uint64_t from_ns, uint64_t to_ns) {
    return static_cast<double>(to_ns - from_ns) / 1e6;
}

// What the journal says about the first case of that kind in which something was done.
struct Course {
    uint64_t opened = 0;
    uint64_t stepped = 0;
    uint64_t over = 0;
    std::string routine;
};

Course course_of(const std::vector<Event>& events, const Case& one) {
    std::map<uint64_t, Course> courses;
    uint64_t first = 0;
    for (const Event& event : events) {
        const uint64_t number = event.number("case");
        const uint64_t at = event.number("engine_ns");
        if (event.is("finding") && event.text("fault").starts_with(one.finding)) {
            courses[number].opened = at;
        }
        const auto place = courses.find(number);
        if (place == courses.end()) continue;
        Course& course = place->second;
        if (event.is("step") && course.stepped == 0) {
            course.stepped = at;
            course.routine = event.text("routine");
            if (first == 0) first = number;
        }
        if (event.is("over") && course.over == 0) course.over = at;
    }
    return first != 0 ? courses[first] : courses.empty() ? Course() : courses.begin()->second;
}

std::string text_of(const Course& course) {
    if (course.opened == 0) return "nothing was found";
    if (course.stepped == 0) return "found, and nothing done";
    const auto after = [&](uint64_t at) {
        return at == 0 ? std::string("never") : fmt::format("{:.1f} ms", ms(course.opened, at));
    };
    return fmt::format("{} {} after the finding, over after {}", course.routine,
                       after(course.stepped), after(course.over));
}

void tell_figures(Suite& suite, const std::vector<Event>& events) {
    if (events.empty() || !events.back().json.contains("engine")) return;
    for (const auto& figure : events.back().json["engine"]["loop"]) {
        if (figure.value("count", uint64_t{0}) == 0) continue;
        suite.add("- " + figure.value("what", std::string()),
                  fmt::format("{:.0f} us (median)", figure.value("median_us", 0.0)),
                  fmt::format("p99 {:.0f}, most {:.0f}, {} times", figure.value("p99_us", 0.0),
                              figure.value("most_us", 0.0), figure.value("count", uint64_t{0})));
    }
}

Result<void> guard(Suite& suite, const Case& one) {
    const auto& fault = *faults::find(one.fault);
    auto options = faults::guest_for(fault, suite.kernel);
    options.cpus = one.cpus;
    options.ram_megabytes = one.ram_mb;
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    if (auto done = bring_faults(suite, *guest); !done) return done;
    const std::string backend = suite.backend.backend == boot::Backend::cuda ? "cuda" : "cpu";
    auto run = DefibRun::start(suite.defib, guest->ram_file(), {"--backend", backend});
    if (!run) return std::unexpected(run.error());
    const bool is_up = (*run)->wait_for([](const Event& event) { return event.is("started"); },
                                        std::chrono::minutes(3));
    if (!is_up) {
        suite.check(one.what, false, "the guard does not start: " + (*run)->to_text());
        return {};
    }
    const bool stops = suite.backend.backend == boot::Backend::cuda;
    if (stops) {
        kill((*run)->pid(), SIGSTOP);
        const auto until = lab::Clock::now() + std::chrono::seconds(5);
        while (!is_stopped((*run)->pid()) && lab::Clock::now() < until) std::this_thread::yield();
    }
    const auto injection = faults::inject(*guest, fault);
    if (!injection) return std::unexpected(injection.error());
    // The machine's own signs, as the guard says nothing now.
    const bool is_silent_fault = fault.kind == faults::Kind::KERNEL;
    if (is_silent_fault) {
        guest->wait_for(
            "the gap", [&] { return has_had_gap(*guest, injection->at, milliseconds(700)); },
            std::chrono::seconds(20));
    } else {
        guest->wait_for_exit(injection->programs.front(), std::chrono::seconds(60));
    }
    const bool is_alive = guest->alive(std::chrono::seconds(30)) && is_well(*guest);
    const bool was_stopped = !stops || is_stopped((*run)->pid());
    if (stops) kill((*run)->pid(), SIGCONT);
    (*run)->wait_for(
        [&](const Event& event) {
            return event.is("over") && event.text("fault").starts_with(one.finding) &&
                   event.json["values"][2] != 0;
        },
        std::chrono::seconds(20));
    const int status = (*run)->stop(std::chrono::seconds(30));
    const auto events = (*run)->events();
    const Course course = course_of(events, one);
    const bool is_repaired =
        course.stepped != 0 && course.over != 0 && course.routine == one.routine;
    const auto gap = std::chrono::duration_cast<milliseconds>(
        lab::longest_gap(guest->heartbeats(), injection->at, lab::Clock::now()));
    suite.check(fmt::format("{}: revived by the engine{}", one.what,
                            stops ? ", its host process stopped" : ""),
                is_alive && was_stopped && is_repaired && status == 0,
                fmt::format("{}; longest silence {} ms; {}", text_of(course), gap.count(),
                            is_alive && was_stopped && status == 0
                                ? "well"
                                : fmt::format("alive {}, stopped {}, status {}", is_alive,
                                              was_stopped, status)));
    if (!is_repaired || status != 0) fmt::print(stderr, "{}\n", (*run)->to_text());
    tell_figures(suite, events);
    return {};
}

}  // namespace

Result<void> bring_faults(const Suite& suite, lab::Guest& guest) {
    if (auto done = guest.push_file(suite.victim, "/bin/victim"); !done) return done;
    return suite.fault_module.empty() ? Result<void>() : guest.load_module(suite.fault_module);
}

void check_guarding(Suite& suite) {
    for (const Case& one : CASES) {
        const bool is_wanted = suite.faults.empty() ||
                               std::ranges::find(suite.faults, one.fault) != suite.faults.end();
        if (!is_wanted) continue;
        if (const auto done = guard(suite, one); !done) suite.fail_with(one.what, done.error());
    }
}

}  // namespace defib::gpu
