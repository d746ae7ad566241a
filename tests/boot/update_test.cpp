// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An update on a real kernel, with the commands that an operator has: a good image is tried and
// kept, one that cannot serve this kernel is tried once, and the good one guards again.
#include <functional>

#include "tests/boot/appliance_under_test.h"

namespace defib::boot {
namespace {

class Update : public ApplianceUnderTest {
  protected:
    std::string slots() const { return (folder_ / "slots").string(); }

    void install(const std::string& image) const {
        ASSERT_TRUE(ok(lab::run_host_program({DEFIB_PROGRAM, "image", "install", image, "--slots",
                                              slots(), "--state", (trust() / "state").string(),
                                              "--machine", "Acme/R1/B1"})));
    }

    std::string states() const {
        const auto shown = lab::run_host_program({DEFIB_PROGRAM, "image", "slots", slots()});
        EXPECT_TRUE(ok(shown));
        return shown.value_or("");
    }

    // Signed by the right key, for this machine, and without the layout of any kernel.
    std::string make_useless_image() const {
        const auto image = (folder_ / "useless").string();
        const std::string routines =
            DEFIB_BUILD_FOLDER "/engine/routines/defib_routine_set.manifest.json";
        EXPECT_TRUE(ok(lab::run_host_program(
            {DEFIB_PROGRAM, "image", "build", "-o", image, "--version", "2", "--security-counter",
             "2", "--source-date", "1750000000", "--target", "*/*/*", "--part",
             "manifest=" + routines, "--part",
             std::string("engine-x86-64=") + DEFIB_BUILD_FOLDER + "/engine/defib_twin.so"})));
        EXPECT_TRUE(ok(lab::run_host_program(
            {DEFIB_PROGRAM, "image", "sign", image, "--key", (trust() / "image-key.key").string(),
             "--passphrase-file", (trust() / "phrase").string()})));
        return image;
    }

    // Until it is armed, then, after `meanwhile`, stopped; what it said.
    std::string start(
        const std::string& ram, int status, const std::function<void()>& meanwhile = [] {}) const {
        auto with = arguments(ram);
        // Processes of its own, of which none may keep the slots to itself.
        with.insert(with.end(), {"--exec", "/bin/true", "--metrics", "0"});
        const auto image = std::ranges::find(with, "--image");
        *image = "--slots";
        *(image + 1) = slots();
        Boot boot(with);
        if (!boot.wait_for("armed").empty()) {
            meanwhile();
            kill(boot.pid(), SIGTERM);
        }
        EXPECT_EQ(boot.exit_status(), status) << boot.said();
        return boot.said();
    }
};

TEST_F(Update, IsTriedOnceAndTheOldImageGuardsAgainWhereItFails) {
    lab::GuestUnderTest guest({.kernel = "6.12-cloud"});
    ASSERT_TRUE(guest.is_up());
    const std::string ram = guest->ram_file().string();

    install((trust() / "image").string());
    EXPECT_TRUE(states().contains("A  fresh")) << states();
    // The next one comes while this one guards.
    const std::string first = start(ram, DEFIB_EXIT_DONE, [&] { install(make_useless_image()); });
    EXPECT_TRUE(first.contains("slot A, for the first time")) << first;
    EXPECT_TRUE(states().contains("A  healthy")) << states();
    EXPECT_TRUE(states().contains("B  fresh")) << states();

    const std::string tried = start(ram, DEFIB_EXIT_INPUT);
    EXPECT_TRUE(tried.contains("slot B, for the first time")) << tried;
    EXPECT_TRUE(tried.contains("the image has no layout of this kernel")) << tried;
    const std::string again = start(ram, DEFIB_EXIT_DONE);
    EXPECT_TRUE(again.contains("slot A")) << again;
    EXPECT_FALSE(again.contains("for the first time")) << again;
    EXPECT_TRUE(states().contains("B  failed")) << states();
}

}  // namespace
}  // namespace defib::boot
