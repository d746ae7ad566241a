// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot and a real kernel: from the signed image to a sealed process that watches, and every
// way in which that ends.
#include <algorithm>

#include "boot/journal/reader.h"
#include "tests/boot/appliance_under_test.h"

namespace defib::boot {
namespace {

TEST_F(ApplianceUnderTest, WatchesSealedAndEndsWithItsEngine) {
    lab::GuestUnderTest guest({.kernel = "6.12-cloud"});
    ASSERT_TRUE(guest.is_up());
    const std::string ram = guest->ram_file().string();

    {
        Boot boot(arguments(ram));
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        const pid_t engine = child_of(boot.pid());
        ASSERT_GT(engine, 0);
        expect_sealed(boot.pid());
        expect_sealed(engine);
        EXPECT_EQ(rights_of(boot.pid(), ram), "---s") << "the supervisor has no window";
        EXPECT_EQ(rights_of(engine, ram), "rw-s") << "it repairs";
        EXPECT_EQ(files_of(engine), 0U);
        EXPECT_EQ(files_of(boot.pid()), 4U) << "log, journal, signals, engine";

        kill(boot.pid(), SIGTERM);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
        EXPECT_TRUE(boot.said().contains("stopped")) << boot.said();
        EXPECT_TRUE(status_of(engine).empty()) << "the engine's process has outlived it";
    }
    {
        auto observing = arguments(ram);
        observing.emplace_back("--observe");
        Boot boot(observing);
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        EXPECT_EQ(rights_of(child_of(boot.pid()), ram), "r--s") << "it may not even write";
        kill(child_of(boot.pid()), SIGKILL);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_ENVIRONMENT) << boot.said();
        EXPECT_TRUE(boot.said().contains("has ended: signal 9")) << boot.said();
    }
    {
        // The same image for who watches by hand: its layout, its policy, the same trust.
        const auto with = arguments(ram);
        Boot run({"run", "--json", "--dry-run", "--target", "vm:" + ram, "--state", with[1],
                  "--machine", with[3], "--image", with[5]},
                 DEFIB_PROGRAM);
        EXPECT_NE(run.wait_for("genuine, version"), "") << run.said();
        EXPECT_NE(run.wait_for("\"started\""), "") << run.said();
        kill(run.pid(), SIGTERM);
        EXPECT_EQ(run.exit_status(), DEFIB_EXIT_DONE) << run.said();
    }
    const auto file = MappedFile::open(journal());
    ASSERT_TRUE(ok(file));
    const auto read = read_journal(file->bytes(), "journal");
    ASSERT_TRUE(ok(read));
    EXPECT_FALSE(read->is_damaged || read->is_cut_off);
    ASSERT_EQ(read->sessions.size(), 2U) << "one for each start";
    ASSERT_FALSE(read->sessions[0].entries.empty() || read->sessions[1].entries.empty());
    EXPECT_TRUE(("vm:" + ram).starts_with(read->sessions[0].target));  // as much as fits
    EXPECT_EQ(read->sessions[0].entries.front().kind, uint32_t{DEFIB_JOURNAL_STARTED});
    EXPECT_EQ(read->sessions[0].entries.back().kind, uint32_t{DEFIB_JOURNAL_STOPPED});
    EXPECT_EQ(read->sessions[1].entries.front().kind, uint32_t{DEFIB_JOURNAL_STARTED});
    const auto size = std::filesystem::file_size(journal());

    {
        // Another kernel's memory: the image does not know it, and nothing is begun.
        const auto image = (folder_ / "image").string();
        const std::string routines =
            DEFIB_BUILD_FOLDER "/engine/routines/defib_routine_set.manifest.json";
        ASSERT_TRUE(ok(lab::run_host_program(
            {DEFIB_PROGRAM, "image", "build", "-o", image, "--version", "1", "--security-counter",
             "1", "--source-date", "1750000000", "--target", "*/*/*", "--part",
             "manifest=" + routines, "--part",
             std::string("engine-x86-64=") + DEFIB_BUILD_FOLDER + "/engine/defib_twin.so"})));
        ASSERT_TRUE(ok(lab::run_host_program(
            {DEFIB_PROGRAM, "image", "sign", image, "--key", (trust() / "image-key.key").string(),
             "--passphrase-file", (trust() / "phrase").string()})));
        auto others = arguments(ram);
        *(std::ranges::find(others, "--image") + 1) = image;
        Boot boot(others);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_INPUT);
        EXPECT_TRUE(boot.said().contains("the image has no layout of this kernel")) << boot.said();
        EXPECT_EQ(std::filesystem::file_size(journal()), size) << "no session was begun";
    }
    EXPECT_TRUE(guest->alive(std::chrono::seconds(30)));
}

}  // namespace
}  // namespace defib::boot
