// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot guards the machine that it runs on, through the kernel module's window: inside of a
// guest, whose memory a process eats up.
#include "boot/journal/reader.h"
#include "tests/boot/appliance_under_test.h"
#include "tests/faults/inject.h"
#include "tests/faults/with_libraries.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/build_module.h"

namespace defib::boot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds REPAIR{120'000};  // TCG on a busy machine

class HostTarget : public ApplianceUnderTest {
  protected:
    // Programs, keys, image and the module; the machine trusts the keys.
    void bring_all(lab::Guest& guest) {
        for (const char* program : {DEFIB_PROGRAM, DEFIB_BOOT_PROGRAM}) {
            ASSERT_TRUE(ok(faults::push_with_libraries(guest, program)));
        }
        for (const char* file : {"image", "keys"}) {
            ASSERT_TRUE(ok(guest.push_file(trust() / file, std::string("/") + file)));
        }
        shell(guest, "mkdir -p /etc; echo 0123456789abcdef0123456789abcdef >/etc/machine-id");
        const auto trusted =
            guest.run({DEFIB_PROGRAM, "key", "trust", "/keys", "--first", "--state", "/state"});
        ASSERT_TRUE(ok(trusted));
        ASSERT_EQ(trusted->status, 0) << trusted->err;
        const auto module = hook_test::hook_module(guest.kernel());
        ASSERT_TRUE(ok(module));
        ASSERT_TRUE(ok(guest.load_module(*module)));
    }

    static std::string say(lab::Guest& guest, pid_t pid) {
        const auto state = guest.state_of(pid);
        return state ? state->err : to_line(state.error());
    }

    static std::string shell(lab::Guest& guest, const std::string& script) {
        const auto outcome = guest.run({"sh", "-c", script + " 2>&1"});
        return outcome ? outcome->out : to_line(outcome.error());
    }

    // Who was killed for what; empty: no repair is over so far.
    static std::vector<std::string> victims_in(lab::Guest& guest) {
        const auto content = guest.read_file("/journal");
        if (!content) return {};
        const auto read = read_journal(as_bytes(*content), "journal");
        if (!read || read->sessions.empty()) return {};
        std::vector<std::string> victims;
        bool is_over = false;
        for (const DefibJournalEntry& entry : read->sessions.back().entries) {
            is_over = is_over || (entry.kind == DEFIB_JOURNAL_CLOSED && entry.values[2] != 0);
            if (entry.kind != DEFIB_JOURNAL_VICTIM) continue;
            char comm[17] = {};
            std::memcpy(comm, &entry.values[2], 16);
            victims.emplace_back(comm);
        }
        return is_over ? victims : std::vector<std::string>{};
    }
};

// The machine's memory is eaten up beside an armed defib-boot with these options.
struct Armed {
    std::string id;  // of the supervisor
    std::string engine;
    pid_t pid = 0;
};

class HostTargetEachWay : public HostTarget {
  protected:
    static lab::GuestOptions guest_options() {
        auto options = faults::guest_for(fault(), "6.12");
        options.ram_megabytes = 1024;
        return options;
    }
    static const faults::Fault& fault() { return *faults::find("leak"); }

    static Armed arm(lab::Guest& guest, const std::string& environment,
                     const std::string& backend) {
        const auto boot =
            guest.start({"sh", "-c",
                         environment + " exec " + DEFIB_BOOT_PROGRAM +
                             " --target host --image /image --state /state --machine Acme/R1/B1"
                             " --journal /journal --backend " +
                             backend});
        EXPECT_TRUE(ok(boot));
        if (!boot) return {};
        EXPECT_TRUE(ok(guest.wait_for(
            "defib-boot", [&] { return say(guest, *boot).contains("armed"); }, REPAIR)))
            << say(guest, *boot);
        const std::string id = std::to_string(*boot);
        std::string engine = shell(guest, "echo $(cat /proc/" + id + "/task/" + id + "/children)");
        while (engine.ends_with('\n') || engine.ends_with(' ')) engine.pop_back();
        return {id, engine, *boot};
    }

    static void expect_sealed_in(lab::Guest& guest, const Armed& armed) {
        for (const std::string& process : {armed.id, armed.engine}) {
            const std::string status = shell(guest, "cat /proc/" + process + "/status");
            EXPECT_TRUE(status.contains("CapEff:\t0000000000000000")) << status;
            EXPECT_TRUE(status.contains("Seccomp:\t2")) << status;
            EXPECT_EQ(shell(guest, "cat /proc/" + process + "/oom_score_adj"), "-1000\n");
        }
        EXPECT_EQ(shell(guest, "grep -c '/dev/defib$' /proc/" + armed.id + "/maps"), "0\n")
            << "the supervisor has no window";
        EXPECT_NE(shell(guest, "grep -c '/dev/defib$' /proc/" + armed.engine + "/maps"), "0\n");
        EXPECT_TRUE(shell(guest, "cat /dev/defib").contains("busy")) << "nobody else gets it";
    }

    // The fault strikes, its culprit is killed and nobody else; then it is stopped, in order.
    static void expect_a_repair(lab::Guest& guest, const Armed& armed) {
        const auto innocent = guest.start({"sh", "-c", "while :; do sleep 0.1; done"});
        ASSERT_TRUE(ok(innocent));
        ASSERT_TRUE(ok(faults::inject(guest, fault())));
        EXPECT_TRUE(ok(guest.wait_for(
            "a repair in the journal", [&] { return !victims_in(guest).empty(); }, REPAIR)))
            << say(guest, armed.pid);
        for (const std::string& victim : victims_in(guest)) {
            EXPECT_TRUE(victim.starts_with("v-leak")) << victim;
        }
        const auto state = guest.state_of(*innocent);
        ASSERT_TRUE(ok(state));
        EXPECT_FALSE(state->status.has_value()) << "an innocent process has ended";
        ASSERT_TRUE(ok(guest.signal(armed.pid, SIGTERM)));
        const auto ended = guest.wait_for_exit(armed.pid);
        ASSERT_TRUE(ok(ended));
        EXPECT_EQ(ended->status, DEFIB_EXIT_DONE) << ended->err;
    }
};

TEST_F(HostTargetEachWay, IsGuardedFromInsideBySealedDefibBoot) {
    lab::GuestUnderTest guest(guest_options());
    ASSERT_TRUE(guest.is_up());
    ASSERT_NO_FATAL_FAILURE(bring_all(*guest));
    const Armed armed = arm(*guest, "", "cpu");
    ASSERT_GT(armed.pid, 0);
    expect_sealed_in(*guest, armed);
    expect_a_repair(*guest, armed);
}

// Over the driver without a GPU, whose card has the machine's memory through a test's own device:
// the kernel module shuts its window for the process that holds the card, for good, and the loop
// repairs all the same.
TEST_F(HostTargetEachWay, IsGuardedByAGpuFromWhoseHostTheModuleHasTakenTheWindow) {
    lab::GuestUnderTest guest(guest_options());
    ASSERT_TRUE(guest.is_up());
    ASSERT_NO_FATAL_FAILURE(bring_all(*guest));
    const std::string driver = DEFIB_FAKE_DRIVER "/libcuda.so.1";
    ASSERT_TRUE(ok(faults::push_with_libraries(*guest, driver)));
    const auto card =
        lab::build_module(DEFIB_TEST_CARD_SOURCES, guest->kernel(), DEFIB_TEST_CARD_BUILD);
    ASSERT_TRUE(ok(card));
    ASSERT_TRUE(ok(guest->load_module(*card)));
    const Armed armed = arm(*guest, "LD_LIBRARY_PATH=" DEFIB_FAKE_DRIVER, "cuda");
    ASSERT_GT(armed.pid, 0);
    expect_sealed_in(*guest, armed);

    const std::string status = shell(*guest, "cat /proc/" + armed.engine + "/status");
    EXPECT_TRUE(status.contains("State:\tT (stopped)")) << status;
    // SEAL takes the rights of the mapping and the right to have them again (VmFlags mr, mw), which
    // mprotect alone would have left.
    std::istringstream maps(shell(*guest, "cat /proc/" + armed.engine + "/smaps"));
    bool is_window = false;
    int windows = 0;
    for (std::string line; std::getline(maps, line);) {
        if (line.ends_with("/dev/defib")) {
            is_window = true;
            windows++;
            EXPECT_EQ(words_of(line)[1], "---s") << line;
        }
        if (!is_window || !line.starts_with("VmFlags:")) continue;
        is_window = false;
        for (const char* right : {" rd", " wr", " mr", " mw", " me"}) {
            EXPECT_FALSE(line.contains(right)) << line;
        }
        EXPECT_TRUE(line.contains(" pf")) << line;
    }
    EXPECT_GT(windows, 0);
    expect_a_repair(*guest, armed);
}

}  // namespace
}  // namespace defib::boot
