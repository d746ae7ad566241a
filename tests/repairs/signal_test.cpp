// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Signals from outside, end to end: the paper's table (KILL, TERM, STOP, CONT, each to a process
// that runs and to one that sleeps), whole groups of threads, stopped and killable ones, and those
// that must not be touched. The guest says what became of them, and its kernel complains of
// nothing.
#include <csignal>

#include "tests/repairs/ward.h"

namespace defib::repairs {
namespace {

struct Signal : ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Kernels, Signal, ::testing::Values("6.1", "6.12"), [](const auto& kernel) {
    return std::string(kernel.param) == "6.1" ? "linux_6_1" : "linux_6_12";
});

pid_t running(Ward& ward) {
    const pid_t pid = ward.start({"sh", "-c", "while :; do :; done"});
    EXPECT_TRUE(ward.becomes(pid, 'R'));
    return pid;
}
pid_t asleep(Ward& ward) {
    const pid_t pid = ward.start({"sleep", "100000"});
    EXPECT_TRUE(ward.becomes(pid, 'S'));
    return pid;
}
// Has a handler for everything.
pid_t listening(Ward& ward) {
    const pid_t pid = ward.start_victim("signals", "listens");
    EXPECT_TRUE(ward.becomes(pid, 'S'));
    return pid;
}

void ends_those_that_run_and_those_that_sleep(Ward& ward) {
    SCOPED_TRACE("KILL and TERM");
    for (const int signal : {SIGKILL, SIGTERM}) {
        for (const auto& begin : {running, asleep}) {
            const pid_t pid = begin(ward);
            EXPECT_TRUE(ward.signalled(pid, signal));
            EXPECT_TRUE(ward.ends_by(pid, signal));
        }
    }
}

void needs_the_wake_for_those_that_sleep(Ward& ward) {
    SCOPED_TRACE("without the wake");
    boot::Session& session = ward.session();
    // Nobody changes what a GPU has of its routines.
    if (session.twin() == nullptr) return;
    const pid_t pid = asleep(ward);
    const uint32_t number = session.manifest().number_of("signal").value();
    DefibRoutine& line = session.twin()->state().routines[number];
    const uint32_t wake = std::exchange(line.then, DEFIB_NO_ROUTINE);
    const auto arguments = ward.arguments(pid, {SIGTERM});
    EXPECT_EQ(session.act(number, arguments)->answer.outcome, uint32_t{DEFIB_OUTCOME_COMMITTED});
    line.then = wake;
    EXPECT_EQ(*session.observe(number, arguments), DEFIB_EFFECT_NOT_YET);
    EXPECT_EQ(ward.state(pid), 'S');
    EXPECT_TRUE(ward.done("wake_signalled", ward.arguments(pid)));
    EXPECT_TRUE(ward.ends_by(pid, SIGTERM));
}

void reaches_handlers(Ward& ward) {
    SCOPED_TRACE("handlers");
    const pid_t pid = listening(ward);
    EXPECT_TRUE(ward.signalled(pid, SIGTERM));
    EXPECT_TRUE(ward.says(pid, "got signal 15"));
    EXPECT_TRUE(ward.signalled(pid, SIGUSR1));
    EXPECT_TRUE(ward.says(pid, "got signal 10"));
    EXPECT_TRUE(ward.signalled(pid, SIGKILL));
    EXPECT_TRUE(ward.ends_by(pid, SIGKILL));

    const pid_t busy =
        ward.start({"sh", "-c", "trap 'echo told' TERM; echo up; while :; do :; done"});
    EXPECT_TRUE(ward.says(busy, "up"));
    EXPECT_TRUE(ward.signalled(busy, SIGTERM));
    EXPECT_TRUE(ward.says(busy, "told"));
    EXPECT_TRUE(ward.runs(busy));
    EXPECT_TRUE(ward.signalled(busy, SIGKILL));
    EXPECT_TRUE(ward.ends_by(busy, SIGKILL));
}

void stops_and_continues(Ward& ward) {
    SCOPED_TRACE("STOP and CONT");
    const pid_t busy = running(ward);
    const pid_t listener = listening(ward);
    for (int round = 0; round < 3; round++) {
        for (const pid_t pid : {busy, listener}) {
            EXPECT_TRUE(ward.signalled(pid, SIGSTOP));
            EXPECT_TRUE(ward.becomes(pid, 'T'));
        }
        EXPECT_TRUE(ward.signalled(busy, SIGCONT));
        EXPECT_TRUE(ward.becomes(busy, 'R'));
        EXPECT_TRUE(ward.runs(busy));
        EXPECT_TRUE(ward.signalled(listener, SIGCONT));
        EXPECT_TRUE(ward.says(listener, "got signal 18"));
        EXPECT_TRUE(ward.becomes(listener, 'S'));
    }
    // What was stopped from outside the guest itself may continue, and the other way round.
    EXPECT_TRUE(ward.signalled(busy, SIGSTOP));
    EXPECT_TRUE(lab::ok(ward.guest().signal(busy, SIGCONT)));
    EXPECT_TRUE(ward.runs(busy));
    EXPECT_TRUE(lab::ok(ward.guest().signal(busy, SIGSTOP)));
    EXPECT_TRUE(ward.becomes(busy, 'T'));
    EXPECT_TRUE(ward.signalled(busy, SIGCONT));
    EXPECT_TRUE(ward.runs(busy));
    for (const pid_t pid : {busy, listener}) {
        EXPECT_TRUE(ward.signalled(pid, SIGSTOP));
        EXPECT_TRUE(ward.signalled(pid, SIGKILL));
        EXPECT_TRUE(ward.ends_by(pid, SIGKILL));
    }
    const pid_t stopped = ward.start_victim("stopped", "stops");
    EXPECT_TRUE(ward.becomes(stopped, 'T'));
    EXPECT_TRUE(ward.signalled(stopped, SIGKILL));
    EXPECT_TRUE(ward.ends_by(stopped, SIGKILL));
}

// The letters of its threads, each once.
std::string thread_states(Ward& ward, pid_t pid) {
    const auto out = ward.guest().run(
        {"sh", "-c",
         "sed 's/.*) \\(.\\) .*/\\1/' /proc/" + std::to_string(pid) + "/task/*/stat | sort -u"});
    std::string letters;
    for (const char c : out ? out->out : std::string()) {
        if (c != '\n') letters += c;
    }
    return letters;
}

void reaches_whole_groups(Ward& ward) {
    SCOPED_TRACE("groups of threads");
    constexpr int THREADS = 40;
    const pid_t pid = ward.start_victim("thread-bomb " + std::to_string(THREADS));
    const auto all = [&] { return ward.process(pid).threads == THREADS + 1; };
    ASSERT_TRUE(lab::ok(ward.guest().wait_for("threads", all, lab::Guest::PATIENCE)));
    const auto all_are = [&](const char* letters) {
        return lab::ok(ward.guest().wait_for(
            letters, [&] { return thread_states(ward, pid) == letters; }, lab::Guest::PATIENCE));
    };
    EXPECT_TRUE(ward.signalled(pid, SIGSTOP));
    EXPECT_TRUE(all_are("T"));
    EXPECT_TRUE(ward.signalled(pid, SIGCONT));
    EXPECT_TRUE(all_are("S"));
    EXPECT_TRUE(ward.signalled(pid, SIGSTOP));
    EXPECT_TRUE(all_are("T"));
    EXPECT_TRUE(ward.signalled(pid, SIGKILL));
    EXPECT_TRUE(ward.ends_by(pid, SIGKILL));
}

// The first process of that name and state.
pid_t find(Ward& ward, const std::string& name, char state) {
    const auto out = ward.guest().run(
        {"sh", "-c", "grep -hE '^[0-9]+ \\(" + name + "\\) " + state + "' /proc/[0-9]*/stat"});
    return out && !out->out.empty() ? std::stoi(out->out) : -1;
}

void ends_killable_sleeps(Ward& ward) {
    SCOPED_TRACE("killable sleeps");
    for (const char* fault : {"killable", "vfork"}) {
        const auto injection = faults::inject(ward.guest(), fault);
        ASSERT_TRUE(lab::ok(injection));
        const std::string name = std::string(fault) == "vfork" ? "v-vfork" : "v-read";
        ASSERT_TRUE(lab::ok(ward.guest().wait_for(
            fault, [&] { return find(ward, name, 'D') > 0; }, lab::Guest::PATIENCE)));
        const pid_t pid = find(ward, name, 'D');
        EXPECT_TRUE(ward.signalled(pid, SIGKILL));
        EXPECT_TRUE(lab::ok(ward.guest().wait_for(
            "its end", [&] { return find(ward, name, 'D') < 0; }, lab::Guest::PATIENCE)));
        EXPECT_TRUE(lab::ok(faults::kill_programs(ward.guest(), *injection)));
    }
}

void leaves_others_alone(Ward& ward) {
    SCOPED_TRACE("who must not be touched");
    const auto kill = [&](pid_t pid) { return ward.arguments(pid, {SIGKILL}); };
    EXPECT_TRUE(ward.refused("signal", kill(1), DEFIB_REASON_INIT));
    EXPECT_TRUE(ward.refused("signal", kill(2), DEFIB_REASON_KERNEL_THREAD));
    EXPECT_TRUE(ward.refused("wake", ward.arguments(2), DEFIB_REASON_KERNEL_THREAD));
    const pid_t pid = asleep(ward);
    auto other = kill(pid);
    other[1]++;
    EXPECT_TRUE(ward.refused("signal", other, DEFIB_REASON_GONE));
    other = kill(pid);
    other[2]++;
    EXPECT_TRUE(ward.refused("signal", other, DEFIB_REASON_GONE));
    EXPECT_TRUE(ward.refused("signal", ward.arguments(pid, {0}), DEFIB_REASON_ARGUMENT));
    EXPECT_TRUE(ward.refused("signal", ward.arguments(pid, {65}), DEFIB_REASON_ARGUMENT));
    EXPECT_EQ(ward.state(pid), 'S');
    EXPECT_TRUE(ward.signalled(pid, SIGKILL));
    EXPECT_TRUE(ward.ends_by(pid, SIGKILL));
}

TEST_P(Signal, DoesWhatKillDoes) {
    Ward ward({.kernel = GetParam()});
    ASSERT_TRUE(ward.is_open());
    ends_those_that_run_and_those_that_sleep(ward);
    needs_the_wake_for_those_that_sleep(ward);
    reaches_handlers(ward);
    stops_and_continues(ward);
    reaches_whole_groups(ward);
    ends_killable_sleeps(ward);
    leaves_others_alone(ward);
    ward.expect_healthy();
}

}  // namespace
}  // namespace defib::repairs
