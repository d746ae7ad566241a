// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The paper's Table 2 with three columns: STOP, CONT, TERM and KILL to a process that runs, one
// that sleeps and one that is stopped, given
//
//   by memory    the signal by stores (signal.cpp), the wake by injected irq_work: nothing of ours
//                runs in the guest
//   and a wake   the signal by the same stores, the wake by the hook: the paper's PSIG+KSCH
//   by the hook  both by the kernel's own kill_pid(), on a healthy CPU
//
// What became of the process the guest itself says, also after what follows (a stopped process that
// continues, a continued one that runs). Prints a line for each, with the median and the longest
// time from the request until the effect stands in the guest's memory; ends with 1 if a process is
// not what it should be, or the guest's kernel has complained.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <optional>
#include <vector>

#include "boot/commands/look.h"
#include "boot/session/repair.h"
#include "engine/routines/views/records.h"
#include "tests/hook/hooked_guest.h"

namespace {

using namespace defib;
using namespace std::chrono_literals;
using hook_test::HookedGuest;
using Clock = std::chrono::steady_clock;

constexpr auto PATIENCE = 60s;

enum class Way : uint8_t { by_memory, stores_and_a_wake, by_the_hook };

struct NamedWay {
    Way way;
    const char* name;
};
constexpr NamedWay WAYS[] = {{Way::by_memory, "by memory"},
                             {Way::stores_and_a_wake, "stores, and a wake by the hook"},
                             {Way::by_the_hook, "by the hook"}};

enum class Before : uint8_t { running, asleep, stopped };
enum class After : uint8_t { ended, ends_once_continued, stopped, goes_on };

struct Case {
    int signal;
    const char* name;
    Before before;
    const char* before_name;
    After after;
};
constexpr Case CASES[] = {
    {SIGSTOP, "STOP", Before::running, "running", After::stopped},
    {SIGSTOP, "STOP", Before::asleep, "sleeping", After::stopped},
    {SIGSTOP, "STOP", Before::stopped, "stopped", After::stopped},
    {SIGCONT, "CONT", Before::running, "running", After::goes_on},
    {SIGCONT, "CONT", Before::asleep, "sleeping", After::goes_on},
    {SIGCONT, "CONT", Before::stopped, "stopped", After::goes_on},
    {SIGTERM, "TERM", Before::running, "running", After::ended},
    {SIGTERM, "TERM", Before::asleep, "sleeping", After::ended},
    {SIGTERM, "TERM", Before::stopped, "stopped", After::ends_once_continued},
    {SIGKILL, "KILL", Before::running, "running", After::ended},
    {SIGKILL, "KILL", Before::asleep, "sleeping", After::ended},
    {SIGKILL, "KILL", Before::stopped, "stopped", After::ended},
};

struct Ward {
    std::optional<lab::Guest> guest;
    std::unique_ptr<boot::Session> session;
    std::optional<HookedGuest> hooked;  // once the module is in the guest
};

std::unexpected<Error> wrong(const std::string& what) {
    return fail(DEFIB_ERROR_LAB_REFUSED, "signals", what);
}

// As the guest's own /proc shows it; '?' where it is gone.
char state_of(Ward& ward, pid_t pid) {
    const auto stat = ward.guest->run({"cat", fmt::format("/proc/{}/stat", pid)});
    const size_t end = stat ? stat->out.rfind(") ") : std::string::npos;
    return end == std::string::npos ? '?' : stat->out[end + 2];
}

Result<void> wait_for_state(Ward& ward, pid_t pid, char letter) {
    return ward.guest->wait_for(
        fmt::format("{} to be in state {}", pid, letter),
        [&] { return state_of(ward, pid) == letter; }, PATIENCE);
}

Result<void> wait_for_end(Ward& ward, pid_t pid, int signal) {
    const auto outcome = ward.guest->wait_for_exit(pid, PATIENCE);
    if (!outcome) return std::unexpected(outcome.error());
    if (outcome->status == 128 + signal) return {};
    return wrong(fmt::format("{} ended with status {}", pid, outcome->status));
}

std::optional<DefibProcessRecord> find(Ward& ward, pid_t pid) {
    const auto seen = ward.session->view("process", "processes");
    if (!seen) return std::nullopt;
    for (const boot::SeenRecord& record : seen->records) {
        const auto one = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
        if (one && one->pid == pid) return one;
    }
    return std::nullopt;
}

Result<void> wait_until_it_runs(Ward& ward, pid_t pid) {
    const auto before = find(ward, pid);
    if (!before) return wrong(fmt::format("{} is gone", pid));
    return ward.guest->wait_for(
        fmt::format("{} to run", pid),
        [&] {
            const auto now = find(ward, pid);
            return now && now->runtime_ns > before->runtime_ns;
        },
        PATIENCE);
}

Result<pid_t> begin(Ward& ward, Before before) {
    const lab::Argv busy = {"sh", "-c", "while :; do :; done"};
    const auto pid =
        ward.guest->start(before == Before::asleep ? lab::Argv{"sleep", "100000"} : busy);
    if (!pid) return std::unexpected(pid.error());
    if (auto is = wait_for_state(ward, *pid, before == Before::asleep ? 'S' : 'R'); !is) {
        return std::unexpected(is.error());
    }
    if (before != Before::stopped) return *pid;
    if (auto sent = ward.guest->signal(*pid, SIGSTOP); !sent) return std::unexpected(sent.error());
    if (auto is = wait_for_state(ward, *pid, 'T'); !is) return std::unexpected(is.error());
    return *pid;
}

using Arguments = std::array<uint64_t, 4>;

// The way that was asked for, and no other.
Result<void> check_ways(const boot::Repair& repair, Way way) {
    for (const DefibWayRecord& each : repair.ways) {
        const bool is_hook = each.way == DEFIB_WAY_HOOK;
        if (is_hook != (way == Way::stores_and_a_wake)) return wrong(boot::way_text(each));
    }
    if (repair.ways.empty()) return wrong("no wake was wanted");
    return {};
}

Result<void> ask_the_kernel(Ward& ward, const Arguments& arguments) {
    boot::HookRequest request{.kind = DEFIB_HOOK_SIGNAL};
    std::ranges::copy(arguments, request.arguments.begin());
    const uint32_t status = ward.hooked->ask(request);
    if (status == DEFIB_HOOK_STATUS_DONE) return {};
    return wrong(fmt::format("the hook answers {}", boot::text_of_hook_status(status)));
}

// Gives it, once; how long until its effect stands in the guest's memory. What does not show before
// the process continues is given all the same, and takes no time.
Result<double> give(Ward& ward, Way way, const Arguments& arguments, After after) {
    boot::Session& session = *ward.session;
    const auto routine = session.routine_that_is_on("signal");
    if (!routine) return std::unexpected(routine.error());
    const bool shows = after != After::ends_once_continued;
    if (way != Way::by_the_hook) {
        if (!shows) {
            const auto acted = session.act(*routine, arguments);
            if (!acted) return std::unexpected(acted.error());
            if (acted->answer.outcome == DEFIB_OUTCOME_COMMITTED) return 0;
            return wrong(fmt::format("outcome {}", acted->answer.outcome));
        }
        const auto repair = boot::repair(session, "signal", arguments, PATIENCE);
        if (!repair) return std::unexpected(repair.error());
        if (!repair->is_done()) return wrong(boot::why_not(session, *repair));
        if (auto is_right = check_ways(*repair, way); !is_right) {
            return std::unexpected(is_right.error());
        }
        return std::chrono::duration<double, std::milli>(repair->took).count();
    }
    const auto start = Clock::now();
    if (auto asked = ask_the_kernel(ward, arguments); !asked) {
        return std::unexpected(asked.error());
    }
    while (shows) {
        const auto effect = session.observe(*routine, arguments);
        if (!effect) return std::unexpected(effect.error());
        if (*effect == DEFIB_EFFECT_THERE) break;
        if (Clock::now() - start > PATIENCE) return wrong("no effect in a minute");
    }
    return shows ? std::chrono::duration<double, std::milli>(Clock::now() - start).count() : 0;
}

Result<void> kill_it(Ward& ward, pid_t pid) {
    if (auto sent = ward.guest->signal(pid, SIGKILL); !sent) return sent;
    return wait_for_end(ward, pid, SIGKILL);
}

Result<void> continue_it(Ward& ward, pid_t pid) {
    return ward.guest->signal(pid, SIGCONT);
}

Result<void> goes_on(Ward& ward, pid_t pid, Before before) {
    return before == Before::asleep ? wait_for_state(ward, pid, 'S')
                                    : wait_until_it_runs(ward, pid);
}

using Step = std::function<Result<void>()>;

// One after the other, up to the first that fails.
Result<void> all_of(std::initializer_list<Step> steps) {
    for (const Step& step : steps) {
        if (auto done = step(); !done) return done;
    }
    return {};
}

// What became of it, as the guest says; it is gone afterwards.
Result<void> check(Ward& ward, pid_t pid, const Case& one) {
    const Step ends = [&] { return wait_for_end(ward, pid, one.signal); };
    const Step is_stopped = [&] { return wait_for_state(ward, pid, 'T'); };
    const Step continues = [&] { return continue_it(ward, pid); };
    const Step lives = [&] { return goes_on(ward, pid, one.before); };
    const Step is_killed = [&] { return kill_it(ward, pid); };
    switch (one.after) {
        case After::ended:
            return ends();
        case After::ends_once_continued:
            return all_of({is_stopped, continues, ends});
        case After::stopped:
            return all_of({is_stopped, continues, lives, is_killed});
        case After::goes_on:
            return all_of({lives, is_killed});
    }
    return {};
}

Result<double> try_once(Ward& ward, Way way, const Case& one) {
    const auto pid = begin(ward, one.before);
    if (!pid) return std::unexpected(pid.error());
    const auto process = find(ward, *pid);
    if (!process) return wrong("the process is not in the list");
    const auto took = give(ward, way,
                           {process->task, static_cast<uint64_t>(*pid), process->start_ns,
                            static_cast<uint64_t>(one.signal)},
                           one.after);
    if (!took) return took;
    if (auto is_right = check(ward, *pid, one); !is_right) {
        return std::unexpected(is_right.error());
    }
    return took;
}

struct Options {
    std::string kernel = "6.12";
    unsigned rounds = 1;
};

// True: as it should be, in each round.
bool run_case(Ward& ward, const NamedWay& way, const Case& one, unsigned rounds) {
    std::vector<double> all;
    for (unsigned round = 0; round < rounds; round++) {
        const auto took = try_once(ward, way.way, one);
        if (!took) {
            fmt::print("| {} | {} | {} | WRONG: {} | |\n", one.name, one.before_name, way.name,
                       to_line(took.error()));
            return false;
        }
        all.push_back(*took);
    }
    std::ranges::sort(all);
    const bool shows = one.after != After::ends_once_continued;
    fmt::print("| {} | {} | {} | {} of {} | {} |\n", one.name, one.before_name, way.name,
               all.size(), rounds,
               shows ? fmt::format("{:.1f} ({:.1f})", all[all.size() / 2], all.back())
                     : std::string("once it continues"));
    return true;
}

Result<bool> is_well(Ward& ward) {
    const auto log = ward.guest->run({"dmesg"}, 300s);
    if (!log) return std::unexpected(log.error());
    for (const char* complaint : {"WARNING:", "BUG:", "Oops", "soft lockup", "rcu: INFO:"}) {
        if (!log->out.contains(complaint)) continue;
        fmt::print("the kernel says: {}\n", complaint);
        return false;
    }
    return true;
}

Result<bool> run(const Options& options) {
    auto guest = lab::Guest::boot({.kernel = options.kernel});
    if (!guest) return std::unexpected(guest.error());
    Ward ward;
    ward.guest = std::move(*guest);
    boot::LookArguments look;
    look.target = "vm:" + ward.guest->ram_file().string();
    auto session = boot::open_session(look, boot::Access::act);
    if (!session) return std::unexpected(session.error());
    ward.session = std::move(*session);
    fmt::print("{}, {} of each, milliseconds: median (longest)\n", ward.guest->kernel().release,
               options.rounds);
    fmt::print(
        "| signal | to one that is | way | right | time |\n| --- | --- | --- | --- | --- |\n");
    bool is_right = true;
    for (const NamedWay& way : WAYS) {
        if (way.way != Way::by_memory && !ward.hooked) {
            auto hooked = HookedGuest::load(*ward.guest, "");
            if (!hooked) return std::unexpected(hooked.error());
            ward.hooked = std::move(*hooked);
        }
        for (const Case& one : CASES) is_right &= run_case(ward, way, one, options.rounds);
    }
    const auto well = is_well(ward);
    if (!well) return well;
    return is_right && *well;
}

}  // namespace

int main(int count, char** words) {
    CLI::App app("Signals by memory and by the hook, to a guest's processes", "defib-hook-signals");
    Options options;
    app.add_option("--kernel", options.kernel, "of the lab")->capture_default_str();
    app.add_option("--rounds", options.rounds, "of each")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    CLI11_PARSE(app, count, words);
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);
    const auto is_right = run(options);
    if (!is_right) {
        fmt::print(stderr, "{}\n", to_line(is_right.error()));
        return exit_status(is_right.error().code);
    }
    return *is_right ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}
