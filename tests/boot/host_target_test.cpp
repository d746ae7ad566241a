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

namespace defib::boot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds REPAIR{120'000};  // TCG on a busy machine

class HostTarget : public Appliance {
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

TEST_F(HostTarget, IsGuardedFromInsideBySealedDefibBoot) {
    const auto& fault = *faults::find("leak");
    auto options = faults::guest_for(fault, "6.12");
    options.ram_megabytes = 1024;
    lab::GuestUnderTest guest(options);
    ASSERT_TRUE(guest.is_up());
    ASSERT_NO_FATAL_FAILURE(bring_all(*guest));
    const auto innocent = guest->start({"sh", "-c", "while :; do sleep 0.1; done"});
    ASSERT_TRUE(ok(innocent));

    const auto boot =
        guest->start({DEFIB_BOOT_PROGRAM, "--target", "host", "--image", "/image", "--state",
                      "/state", "--machine", "Acme/R1/B1", "--journal", "/journal"});
    ASSERT_TRUE(ok(boot));
    ASSERT_TRUE(ok(guest->wait_for(
        "defib-boot", [&] { return say(*guest, *boot).contains("armed"); }, REPAIR)))
        << say(*guest, *boot);
    const std::string id = std::to_string(*boot);
    const std::string engine = "$(echo $(cat /proc/" + id + "/task/" + id + "/children))";
    EXPECT_EQ(shell(*guest, "grep -c /dev/defib /proc/" + id + "/maps"), "0\n")
        << "the supervisor has no window";
    EXPECT_NE(shell(*guest, "grep -c /dev/defib /proc/" + engine + "/maps"), "0\n");
    for (const std::string& process : {id, engine}) {
        const std::string status = shell(*guest, "cat /proc/" + process + "/status");
        EXPECT_TRUE(status.contains("CapEff:\t0000000000000000")) << status;
        EXPECT_TRUE(status.contains("Seccomp:\t2")) << status;
        EXPECT_EQ(shell(*guest, "cat /proc/" + process + "/oom_score_adj"), "-1000\n");
    }
    EXPECT_TRUE(shell(*guest, "cat /dev/defib").contains("busy")) << "nobody else gets the window";

    ASSERT_TRUE(ok(faults::inject(*guest, fault)));
    EXPECT_TRUE(ok(guest->wait_for(
        "a repair in the journal", [&] { return !victims_in(*guest).empty(); }, REPAIR)))
        << say(*guest, *boot);
    for (const std::string& victim : victims_in(*guest)) EXPECT_TRUE(victim.starts_with("v-leak"));
    const auto state = guest->state_of(*innocent);
    ASSERT_TRUE(ok(state));
    EXPECT_FALSE(state->status.has_value()) << "an innocent process has ended";

    ASSERT_TRUE(ok(guest->signal(*boot, SIGTERM)));
    const auto ended = guest->wait_for_exit(*boot);
    ASSERT_TRUE(ok(ended));
    EXPECT_EQ(ended->status, DEFIB_EXIT_DONE) << ended->err;
}

}  // namespace
}  // namespace defib::boot
