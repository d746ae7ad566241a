// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot guards the machine that it runs on, and its mailbox is an RDMA adapter's: sealed it
// connects who asks, the adapter refuses what was not given, and goes on when all CPUs are stuck.
#include "tests/boot/host_target.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/remote/two_machines.h"

namespace defib::boot {
namespace {

using remote::TwoMachines;
using std::chrono::milliseconds;

constexpr milliseconds SLOW{300'000};

class RdmaOfABoot : public HostTarget, public testing::WithParamInterface<const char*> {
  protected:
    static std::string err_of(lab::Guest& guest, pid_t pid, const std::string& until) {
        EXPECT_TRUE(ok(guest.wait_for(
            until, [&] { return say(guest, pid).contains(until); }, SLOW)))
            << say(guest, pid);
        return say(guest, pid);
    }
    static lab::Outcome ask(lab::Guest& guest, const std::string& where,
                            std::vector<std::string> words) {
        words.insert(words.begin(), {DEFIB_PROGRAM, "remote", "--to", where});
        words.insert(words.end(), {"--deadline", "60000"});
        auto done = guest.run(words, SLOW);
        EXPECT_TRUE(ok(done));
        return done ? *done : lab::Outcome{};
    }
};
INSTANTIATE_TEST_SUITE_P(Kernels, RdmaOfABoot, testing::Values("6.1", "6.12"),
                         [](const auto& info) {
                             return std::string(info.param) == "6.1" ? "Debian12" : "Backports";
                         });

TEST_P(RdmaOfABoot, IsSealedAndAnswersByTheAdapterWhenNobodyElseCan) {
    const faults::Fault& fault = *faults::find("f1a");
    auto booted =
        TwoMachines::boot(faults::guest_for(fault, GetParam()), TwoMachines::Guards::itself);
    ASSERT_TRUE(ok(booted));
    lab::Guest& guarded = (*booted)->guarded();
    lab::Guest& asking = (*booted)->remote();
    ASSERT_NO_FATAL_FAILURE(bring_all(guarded));
    ASSERT_TRUE(ok(faults::push_with_libraries(asking, DEFIB_TRESPASSER)));
    const std::string direct = std::string("rdma:") + TwoMachines::ADDRESS;
    const auto boot =
        guarded.start({DEFIB_BOOT_PROGRAM, "--target", "host", "--image", "/image", "--state",
                       "/state", "--machine", "Acme/R1/B1", "--journal", "/journal", "--backend",
                       "cpu", "--observe", "--serve", direct});
    ASSERT_TRUE(ok(boot));
    err_of(guarded, *boot, "armed");

    EXPECT_TRUE(ask(asking, direct, {"ps"}).out.contains(" kthreadd ")) << say(guarded, *boot);
    EXPECT_TRUE(ask(asking, direct, {"heartbeat"}).out.contains("alive: "));
    const auto tried = asking.run({DEFIB_TRESPASSER, TwoMachines::ADDRESS}, SLOW);
    ASSERT_TRUE(ok(tried));
    EXPECT_EQ(tried->status, DEFIB_EXIT_DONE) << tried->out << tried->err;
    EXPECT_TRUE(ask(asking, direct, {"stat"}).out.contains("pressure  memory full"))
        << "it goes on: " << say(guarded, *boot);
    const auto holder =
        asking.start({DEFIB_PROGRAM, "remote", "--to", direct, "hold", "127.0.0.1:7071"});
    ASSERT_TRUE(ok(holder));
    err_of(asking, *holder, "held; ask at port 7071");

    const auto injection = faults::inject(guarded, fault);
    ASSERT_TRUE(ok(injection));
    ASSERT_TRUE(ok(faults::wait_for_symptom(guarded, *injection)));
    const auto dead = ask(asking, "127.0.0.1:7071", {"heartbeat"});
    std::printf("heartbeat: %d %s%s\n", dead.status, dead.out.c_str(), dead.err.c_str());
    const auto findings = ask(asking, "127.0.0.1:7071", {"findings", "--one-sided"});
    std::printf("findings: %d %s%s\n", findings.status, findings.out.c_str(), findings.err.c_str());
}

}  // namespace
}  // namespace defib::boot
