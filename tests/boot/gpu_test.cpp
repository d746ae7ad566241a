// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot with its engine on a GPU, over a driver without one (tests/gpu/fake_driver.cpp): who
// holds the card stands still, nobody has the target's memory, and every way in which that ends.
#include <algorithm>

#include "boot/journal/reader.h"
#include "tests/boot/appliance_under_test.h"

namespace defib::boot {
namespace {

constexpr std::chrono::milliseconds SOON{20'000};

struct OnGpu : ApplianceUnderTest {
    std::vector<std::string> on_gpu(const std::string& ram) const {
        auto all = arguments(ram);
        all.insert(all.end(), {"--backend", "cuda"});
        return all;
    }

    static bool comes_about(lab::Guest& guest, const std::function<bool()>& condition) {
        return ok(guest.wait_for("it", condition, SOON));
    }
};

TEST_F(OnGpu, StandsSealedAndEndsInEveryWayThatThereIs) {
    lab::GuestUnderTest guest({.kernel = "6.12-cloud"});
    ASSERT_TRUE(guest.is_up());
    const std::string ram = guest->ram_file().string();
    {
        const FakeGpu gpu;
        Boot boot(on_gpu(ram));
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        EXPECT_TRUE(boot.said().contains("the engine is the image's text for sm_75"))
            << boot.said();
        EXPECT_TRUE(boot.said().contains("to act, as the image has them compiled")) << boot.said();
        const pid_t host = child_of(boot.pid());
        const pid_t loop = child_of(host);
        ASSERT_GT(loop, 0);
        expect_sealed(boot.pid());
        expect_standing(host);
        for (const pid_t pid : {boot.pid(), host}) {
            for (const char right : {'r', 'w'}) {
                EXPECT_FALSE(has_right(pid, ram, right)) << pid << " has the window";
            }
        }
        EXPECT_TRUE(has_right(loop, ram, 'w')) << "the card repairs";
        EXPECT_EQ(files_of(boot.pid()), 4U) << "log, journal, signals, engine";
        std::ifstream libraries("/proc/" + std::to_string(boot.pid()) + "/maps");
        const std::string maps(std::istreambuf_iterator<char>(libraries), {});
        EXPECT_FALSE(maps.contains("libcuda")) << "the supervisor has a driver";

        kill(host, SIGCONT);
        EXPECT_TRUE(comes_about(*guest, [&] { return state_of(host) == 'T'; }));
        expect_standing(host);

        kill(boot.pid(), SIGTERM);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
        EXPECT_TRUE(boot.said().contains("stopped")) << boot.said();
        EXPECT_TRUE(comes_about(*guest, [&] { return status_of(host).empty(); }))
            << "who held the card has outlived it";
    }
    for (const char* kind : {"", "reads-only-writable"}) {
        const FakeGpu gpu(kind);
        auto observing = on_gpu(ram);
        observing.emplace_back("--observe");
        Boot boot(observing);
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        const pid_t host = child_of(boot.pid());
        const bool is_read_only = std::string(kind).empty();
        EXPECT_EQ(has_right(child_of(host), ram, 'w'), !is_read_only);
        EXPECT_TRUE(boot.said().contains("to observe")) << boot.said();
        kill(host, SIGKILL);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_ENVIRONMENT) << boot.said();
        EXPECT_TRUE(boot.said().contains("has ended: signal 9")) << boot.said();
    }
    {
        // Who holds the card is stopped and cannot tell; the heart can.
        const FakeGpu gpu("dies-guarding");
        Boot boot(on_gpu(ram));
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_ENVIRONMENT) << boot.said();
        EXPECT_TRUE(boot.said().contains("the engine's loop stands still")) << boot.said();
    }
    {
        const FakeGpu gpu;
        auto any = arguments(ram);
        any.insert(any.end(), {"--backend", "auto"});
        Boot boot(any);
        EXPECT_NE(boot.wait_for("claim the processor").find("cuda: "), std::string::npos);
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        kill(child_of(child_of(boot.pid())), SIGKILL);  // the card falls off the bus
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_ENVIRONMENT) << boot.said();
    }
    EXPECT_TRUE(guest->alive(SOON));

    const auto file = MappedFile::open(journal());
    ASSERT_TRUE(ok(file));
    const auto read = read_journal(file->bytes(), "journal");
    ASSERT_TRUE(ok(read));
    EXPECT_FALSE(read->is_damaged || read->is_cut_off);
    ASSERT_EQ(read->sessions.size(), 5U) << "one for each start";
    for (const auto& session : read->sessions) {
        ASSERT_FALSE(session.entries.empty());
        EXPECT_EQ(session.entries.front().kind, uint32_t{DEFIB_JOURNAL_STARTED});
    }
    EXPECT_EQ(read->sessions[0].entries.back().kind, uint32_t{DEFIB_JOURNAL_STOPPED});
}

}  // namespace
}  // namespace defib::boot
