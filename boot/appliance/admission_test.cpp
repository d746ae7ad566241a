// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a machine decides about an image, and what it remembers of one that was healthy: a key set
// that travels in it, slots that are tried once.
#include "boot/appliance/admission.h"

#include "image/testing.h"
#include "signing/testing.h"

namespace defib::boot {
namespace {

using image::PartType;
using image::testing::ImageWish;
using signing::testing::Folder;

class AdmissionTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists("/etc/machine-id")) GTEST_SKIP() << "no /etc/machine-id";
        options_.state = folder_ / "state";
        options_.machine = "Acme/R1/B1";
        options_.image = folder_ / "image";
        const std::string keys = signing::testing::file_of(signing::testing::make({}));
        ASSERT_DONE(
            signing::TrustStore::install({.folder = options_.state}, as_bytes(keys), "first"));
    }

    void write_image(const ImageWish& wish, const std::string& key_set = {}) {
        auto parts = image::testing::parts_of(wish);
        if (!key_set.empty()) parts.push_back({PartType::key_set, "", as_bytes(key_set)});
        std::string file =
            image::build(image::testing::attributes_of(wish), parts, "test").value_or("");
        for (const auto& signer : wish.signers) {
            file = image::testing::with_signature(file, signer);
        }
        ASSERT_DONE(write_atomically(options_.image, file));
    }

    // As a start that goes well: what it says at its end.
    std::string start() {
        auto admission = Admission::decide(options_, Stages(log_));
        if (!admission) return to_line(admission.error());
        std::string said;
        const auto confirmed = (*admission)->confirm(said);
        return confirmed ? said : to_line(confirmed.error());
    }

    uint64_t trusted_version() const {
        return signing::TrustStore::open(options_.state)->key_set().version;
    }

    Folder folder_;
    Options options_;
    EventLog log_ = EventLog::open();
};

TEST_F(AdmissionTest, TakesTheKeySetThatAHealthyImageBrings) {
    const auto next = signing::testing::make({.version = 2, .images = {"image-a", "image-b"}});
    write_image({}, signing::testing::file_of(next));
    ASSERT_DONE(Admission::decide(options_, Stages(log_)));
    EXPECT_EQ(trusted_version(), 1U) << "it is not healthy yet";
    EXPECT_TRUE(start().contains("key set 2 is trusted from now on"));
    EXPECT_EQ(trusted_version(), 2U);
    EXPECT_FALSE(start().contains("key set 2 is trusted")) << "once";
    // Rolled over: the next image is signed with the new key alone.
    write_image({.key_set_version = 2, .signers = {"image-b"}});
    EXPECT_TRUE(start().contains("nothing older starts here"));
}

TEST_F(AdmissionTest, RollsOverToKeysThatAnImageBroughtAndRevokesTheOldOnes) {
    const auto both = signing::testing::make({.version = 2, .images = {"image-a", "image-b"}});
    write_image({}, signing::testing::file_of(both));
    start();
    const auto revoking =
        signing::testing::make({.version = 3, .images = {"image-b"}, .revoked = {"image-a"}});
    // By an image that was verified with what it revokes: not taken, and the image runs on.
    write_image({}, signing::testing::file_of(revoking));
    EXPECT_TRUE(start().contains("it revokes what the running image was verified with"));
    EXPECT_EQ(trusted_version(), 2U);
    // By the next one: taken, and the old image is refused.
    write_image({.security_counter = 4, .signers = {"image-b"}},
                signing::testing::file_of(revoking));
    EXPECT_TRUE(start().contains("key set 3 is trusted from now on"));
    write_image({.security_counter = 4, .signers = {"image-a"}});
    EXPECT_TRUE(start().contains("signed with a revoked key"));
}

TEST_F(AdmissionTest, TakesNoKeySetThatItsRootsDidNotSign) {
    const auto forged = signing::testing::make({.version = 2,
                                                .roots = {"thief-1", "thief-2", "thief-3"},
                                                .signers = {"thief-1", "thief-2"}});
    write_image({}, signing::testing::file_of(forged));
    EXPECT_FALSE(start().contains("is trusted from now on"));
    write_image({}, "no key set at all");
    EXPECT_TRUE(start().contains("not a key set"));
    EXPECT_EQ(trusted_version(), 1U);
}

TEST_F(AdmissionTest, TriesAnImageInItsSlotOnceAndFallsBack) {
    options_.slots = folder_ / "slots";
    ASSERT_DONE(create_storage(options_.slots, RECORD_AREA_BYTES + (uint64_t{4} << 20)));
    const auto install = [&](const ImageWish& wish) {
        auto storage = open_storage(options_.slots);
        ASSERT_DONE(storage);
        auto slots = Slots::open(**storage);
        ASSERT_DONE(slots);
        const auto image = image::testing::make_image(wish);
        ASSERT_DONE(slots->install(as_bytes(image), [](const auto&) { return Result<void>(); }));
    };
    install({});
    EXPECT_TRUE(start().contains("nothing older starts here"));
    install({.security_counter = 7});
    {
        // Started, and not found healthy.
        const auto trial = Admission::decide(options_, Stages(log_));
        ASSERT_DONE(trial);
        EXPECT_EQ((*trial)->image().attributes().security_counter, 7U);
    }
    const auto back = Admission::decide(options_, Stages(log_));
    ASSERT_DONE(back);
    EXPECT_EQ((*back)->image().attributes().security_counter, 3U);
    EXPECT_EQ(*signing::TrustStore::open(options_.state)->least_security_counter(), 3U)
        << "what was only tried takes nothing away";
}

}  // namespace
}  // namespace defib::boot
