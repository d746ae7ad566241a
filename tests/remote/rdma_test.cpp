// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two machines and RDMA between them: what a remote asks is answered over it, and what it only
// reads it gets when nobody on the guarded machine runs any more but its kernel's interrupts.
#include <gtest/gtest.h>

#include <signal.h>

#include "tests/lab/under_test.h"
#include "tests/remote/two_machines.h"

namespace defib::remote {
namespace {

using lab::Guest;
using lab::ok;

constexpr std::chrono::milliseconds SLOW{300'000};

class Rdma : public testing::TestWithParam<const char*> {
  protected:
    void boot(const lab::GuestOptions& guarded) {
        auto booted = TwoMachines::boot(guarded);
        ASSERT_TRUE(ok(booted));
        two = std::move(*booted);
        for (Guest* guest : {&two->guarded(), &two->remote()}) {
            ASSERT_TRUE(ok(guest->write_file("/key", std::string(32, 'k'))));
            ASSERT_TRUE(ok(guest->run({"chmod", "600", "/key"})));
        }
        ASSERT_TRUE(ok(two->remote().write_file("/wrong", std::string(32, 'w'))));
        ASSERT_TRUE(ok(two->remote().run({"chmod", "600", "/wrong"})));
    }
    // Of a process in the guarded machine; what it says is in its state.
    pid_t serve(std::vector<std::string> more) {
        std::vector<std::string> argv = {DEFIB_PROGRAM,
                                         "run",
                                         "--target",
                                         TwoMachines::TARGET,
                                         "--json",
                                         "--serve",
                                         "rdma:" + std::string(TwoMachines::ADDRESS)};
        argv.insert(argv.end(), more.begin(), more.end());
        const auto pid = two->guarded().start(argv);
        EXPECT_TRUE(ok(pid));
        if (!pid) return 0;
        EXPECT_TRUE(says(two->guarded(), *pid, "\"started\""));
        return *pid;
    }
    static bool says(Guest& guest, pid_t pid, const std::string& text) {
        std::string said;
        const auto does = [&] {
            const auto state = guest.state_of(pid);
            if (state) said = state->out + state->err;
            return said.contains(text);
        };
        if (guest.wait_for(text, does, SLOW)) return true;
        ADD_FAILURE() << said;
        return false;
    }
    lab::Outcome ask(const std::string& where, const std::vector<std::string>& words) {
        std::vector<std::string> argv = {DEFIB_PROGRAM, "remote", "--to", where};
        argv.insert(argv.end(), words.begin(), words.end());
        argv.insert(argv.end(), {"--deadline", "60000"});
        auto done = two->remote().run(argv, SLOW);
        EXPECT_TRUE(ok(done));
        return done ? *done : lab::Outcome{};
    }
    // A connection that is kept in the remote machine; where it is asked there.
    std::string hold(const std::vector<std::string>& more) {
        std::vector<std::string> argv = {DEFIB_PROGRAM, "remote", "--to",
                                         DIRECT,        "hold",   "127.0.0.1:7071"};
        argv.insert(argv.end(), more.begin(), more.end());
        const auto pid = two->remote().start(argv);
        EXPECT_TRUE(ok(pid));
        if (pid) EXPECT_TRUE(says(two->remote(), *pid, "held; ask at port 7071"));
        return "127.0.0.1:7071";
    }

    const std::string DIRECT = "rdma:" + std::string(TwoMachines::ADDRESS);
    std::unique_ptr<TwoMachines> two;
};
INSTANTIATE_TEST_SUITE_P(Kernels, Rdma, testing::Values("6.1", "6.12"), [](const auto& info) {
    return std::string(info.param) == "6.1" ? "Debian12" : "Backports";
});

TEST_P(Rdma, AStoppedGuardsMailboxAndMemoryAreReadAllTheSame) {
    ASSERT_NO_FATAL_FAILURE(boot({.kernel = GetParam()}));
    const pid_t guard = serve({"--serve-key", "/key", "--serve-memory"});
    ASSERT_NE(guard, 0);
    const auto processes = ask(DIRECT, {"ps"});
    EXPECT_TRUE(processes.out.contains(" kthreadd ")) << processes.err;
    EXPECT_TRUE(ask(DIRECT, {"stat"}).out.contains("pressure  memory full"));
    const auto forged = ask(DIRECT, {"ps", "--key", "/wrong"});
    EXPECT_TRUE(forged.err.contains("another operator's key")) << forged.err;
    const auto plan = ask(DIRECT, {"act", "signal", "1", "signal=KILL", "--key", "/key"});
    EXPECT_TRUE(plan.out.contains("not done")) << plan.out << plan.err;
    const auto closed = ask(DIRECT, {"dump", "--one-sided", "-o", "/dev/shm/dump"});
    EXPECT_TRUE(closed.err.contains("memory is not open here")) << closed.err;
    // The keys are the adapter's, and it holds them against every packet.
    const auto tried = two->remote().run({DEFIB_TRESPASSER, TwoMachines::ADDRESS}, SLOW);
    ASSERT_TRUE(ok(tried));
    EXPECT_EQ(tried->status, DEFIB_EXIT_DONE) << tried->out << tried->err;
    const std::string held = hold({"--key", "/key"});
    EXPECT_TRUE(ask(held, {"heartbeat"}).out.contains("alive: "));

    ASSERT_TRUE(ok(two->guarded().signal(guard, SIGSTOP)));
    const auto dead = ask(held, {"heartbeat"});
    EXPECT_TRUE(dead.out.contains("nobody looks at requests")) << dead.out << dead.err;
    EXPECT_EQ(dead.status, DEFIB_EXIT_NO);
    const auto findings = ask(held, {"findings", "--one-sided", "--json"});
    EXPECT_TRUE(findings.out.contains("\"started\"")) << findings.out << findings.err;
    const auto dump = ask(held, {"dump", "--one-sided", "-o", "/dev/shm/dump"});
    ASSERT_EQ(dump.status, DEFIB_EXIT_DONE) << dump.err;
    const auto log =
        two->remote().run({DEFIB_PROGRAM, "log", "--target", "core:/dev/shm/dump"}, SLOW);
    ASSERT_TRUE(ok(log));
    EXPECT_TRUE(log->out.contains("Run /agent as init process")) << log->err;

    ASSERT_TRUE(ok(two->guarded().signal(guard, SIGKILL)));
    const auto gone = ask(held, {"heartbeat"});
    EXPECT_EQ(gone.status, DEFIB_EXIT_ENVIRONMENT) << gone.out << gone.err;
}

}  // namespace
}  // namespace defib::remote
