// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/trust.h"

#include <gtest/gtest.h>

#include "signing/testing.h"

namespace defib::signing {
namespace {

using testing::key;
using testing::make;

Result<void> adopt(const KeySet& trusted, const KeySet& candidate,
                   const std::optional<RunningImage>& running = {}) {
    return check_successor(trusted, candidate, running, "candidate");
}

TEST(KeySetSuccession, FollowsEnoughTrustedRoots) {
    EXPECT_TRUE(adopt(make({}), make({.version = 2})));
    EXPECT_TRUE(adopt(make({}), make({.version = 9, .signers = {"root-3", "root-1"}})));
}

TEST(KeySetSuccession, IsRefusedBelowTheThreshold) {
    // TUF: key compromise below the threshold. The thief of one root key of three can do nothing,
    // also not by making a key set in which one root is enough.
    EXPECT_REFUSED(adopt(make({}), make({.version = 2, .signers = {"root-1"}})),
                   SIGNING_BELOW_THRESHOLD);
    EXPECT_REFUSED(adopt(make({}), make({.version = 2,
                                         .roots = {"root-1"},
                                         .images = {"thief"},
                                         .root_threshold = 1,
                                         .signers = {"root-1"}})),
                   SIGNING_BELOW_THRESHOLD);
    EXPECT_REFUSED(check_self_signed(make({.signers = {}}), "first"), SIGNING_BELOW_THRESHOLD);
}

TEST(KeySetSuccession, IsRefusedFromStrangers) {
    EXPECT_REFUSED(adopt(make({}), make({.version = 2,
                                         .roots = {"thief-1", "thief-2"},
                                         .signers = {"thief-1", "thief-2"}})),
                   SIGNING_FOREIGN_KEY_SET);
}

TEST(KeySetSuccession, IsRefusedWithAnImageKeysSignature) {
    EXPECT_REFUSED(adopt(make({}), make({.version = 2, .signers = {"image-a", "root-1"}})),
                   SIGNING_BELOW_THRESHOLD);
}

TEST(KeySetSuccession, IsRefusedBackwards) {
    const KeySet trusted = make({.version = 5});
    EXPECT_REFUSED(adopt(trusted, make({.version = 4})), SIGNING_STALE_KEY_SET);
    EXPECT_REFUSED(adopt(trusted, make({.version = 5, .images = {"image-b"}})),
                   SIGNING_STALE_KEY_SET);
    EXPECT_TRUE(adopt(trusted, make({.version = 5}))) << "the same again changes nothing";
}

TEST(KeySetSuccession, IsRefusedWhenItForgetsARevocation) {
    const KeySet trusted = make({.images = {"image-b"}, .revoked = {"image-a"}});
    EXPECT_REFUSED(adopt(trusted, make({.version = 2, .images = {"image-b"}})),
                   SIGNING_REVOCATION_LOST);
    EXPECT_REFUSED(adopt(trusted, make({.version = 2, .images = {"image-a", "image-b"}})),
                   SIGNING_REVOCATION_LOST);
}

TEST(KeySetSuccession, RollsAllRootsOverWithTheSignaturesOfBoth) {
    const KeySet old_set = make({});
    const std::vector<std::string> fresh = {"new-1", "new-2"};
    // Only the new ones: the machine knows none of them.
    EXPECT_REFUSED(adopt(old_set, make({.version = 2, .roots = fresh, .signers = fresh})),
                   SIGNING_FOREIGN_KEY_SET);
    // Only the old ones: nobody has shown that the new keys exist.
    EXPECT_REFUSED(adopt(old_set, make({.version = 2, .roots = fresh})), SIGNING_BELOW_THRESHOLD);
    const KeySet bridge =
        make({.version = 2, .roots = fresh, .signers = {"root-1", "root-2", "new-1", "new-2"}});
    EXPECT_TRUE(adopt(old_set, bridge));
    const KeySet later = make({.version = 3, .roots = fresh, .signers = fresh});
    EXPECT_TRUE(adopt(bridge, later));
    // A machine that was switched off for a year needs the bridge first, and is told so.
    EXPECT_REFUSED(adopt(old_set, later), SIGNING_FOREIGN_KEY_SET);
}

TEST(KeySetSuccession, CannotTakeAwayTheKeyThatTheRunningImageWasVerifiedWith) {
    const KeySet trusted = make({.images = {"image-a", "image-b"}});
    RunningImage running{.security_counter = 4};
    running.verified_with.push_back(key("image-a").public_key());
    const KeySet revoking = make({.version = 2, .images = {"image-b"}, .revoked = {"image-a"}});
    EXPECT_REFUSED(adopt(trusted, revoking, running), SIGNING_REVOKES_RUNNING);
    EXPECT_REFUSED(adopt(trusted, make({.version = 2, .images = {"image-b"}}), running),
                   SIGNING_REVOKES_RUNNING);
    // Nor by retiring it below the counter that runs, nor by a threshold it cannot meet.
    KeySet retiring = make({.version = 2, .images = {"image-a", "image-b"}, .signers = {}});
    for (KeyEntry& image : retiring.images) image.last_counter = 3;
    ASSERT_TRUE(serialise(retiring, "test"));
    testing::sign(retiring, {"root-1", "root-2"});
    EXPECT_REFUSED(adopt(trusted, retiring, running), SIGNING_REVOKES_RUNNING);
    EXPECT_REFUSED(
        adopt(trusted, make({.version = 2, .images = {"image-a", "image-b"}, .image_threshold = 2}),
              running),
        SIGNING_REVOKES_RUNNING);
    // With the next image running, which has the other key, it can.
    running.verified_with.clear();
    running.verified_with.push_back(key("image-b").public_key());
    EXPECT_TRUE(adopt(trusted, revoking, running));
}

class ImageSignatures : public ::testing::Test {
  protected:
    BytesToSign message_ = bytes_to_sign("defib image 1", digest("test", as_bytes("an image")));

    ImageJudgement judge(const KeySet& trusted, const std::vector<std::string>& signers,
                         uint64_t counter = 1) {
        SignatureList list;
        for (const auto& name : signers) {
            const SecretKey secret = key(name);
            EXPECT_TRUE(add_signature(list, {secret.public_key(), secret.sign(message_)}, "image"));
        }
        return judge_image_signatures(trusted, message_, list, counter, "image");
    }
    void expect_refused(const ImageJudgement& judgement, ErrorCode code) {
        EXPECT_FALSE(is_accepted(judgement.verdict));
        ASSERT_TRUE(judgement.reason);
        EXPECT_EQ(judgement.reason->code, code) << to_line(*judgement.reason);
    }
};

TEST_F(ImageSignatures, AreAcceptedFromAnImageKey) {
    const auto judgement = judge(make({}), {"image-a"});
    EXPECT_TRUE(is_accepted(judgement.verdict));
    ASSERT_EQ(judgement.verified_with.size(), 1U);
    EXPECT_EQ(judgement.verified_with[0], key("image-a").public_key());
}

TEST_F(ImageSignatures, OfAnUnknownKeyArePassedOverBesideATrustedOne) {
    EXPECT_TRUE(is_accepted(judge(make({}), {"image-a", "image-next"}).verdict));
}

TEST_F(ImageSignatures, AreEachRefusedWithAReasonOfTheirOwn) {
    expect_refused(judge(make({}), {}), DEFIB_ERROR_SIGNING_UNSIGNED);
    expect_refused(judge(make({}), {"thief"}), DEFIB_ERROR_SIGNING_KEY_UNKNOWN);
    expect_refused(judge(make({}), {"root-1"}), DEFIB_ERROR_SIGNING_KEY_UNKNOWN);
    expect_refused(judge(make({.images = {"image-b"}, .revoked = {"image-a"}}), {"image-a"}),
                   DEFIB_ERROR_SIGNING_KEY_REVOKED);
    expect_refused(
        judge(make({.images = {"image-a", "image-b"}, .image_threshold = 2}), {"image-a"}),
        DEFIB_ERROR_SIGNING_BELOW_THRESHOLD);
}

TEST_F(ImageSignatures, OfOneKeyAreWrongWhenAnotherIsRight) {
    const KeySet trusted = make({.images = {"image-a", "image-b"}});
    SignatureList list;
    const SecretKey a = key("image-a");
    const SecretKey b = key("image-b");
    ASSERT_TRUE(add_signature(list, {a.public_key(), a.sign(message_)}, "image"));
    ASSERT_TRUE(add_signature(list, {b.public_key(), a.sign(message_)}, "image"));
    expect_refused(judge_image_signatures(trusted, message_, list, 1, "image"),
                   DEFIB_ERROR_SIGNING_BAD_SIGNATURE);
}

TEST_F(ImageSignatures, OfARetiredKeyCountForItsOldImagesOnly) {
    KeySet trusted = make({});
    trusted.images[0].first_counter = 3;
    trusted.images[0].last_counter = 5;
    expect_refused(judge(trusted, {"image-a"}, 2), DEFIB_ERROR_SIGNING_KEY_RETIRED);
    EXPECT_TRUE(is_accepted(judge(trusted, {"image-a"}, 3).verdict));
    EXPECT_TRUE(is_accepted(judge(trusted, {"image-a"}, 5).verdict));
    expect_refused(judge(trusted, {"image-a"}, 6), DEFIB_ERROR_SIGNING_KEY_RETIRED);
}

}  // namespace
}  // namespace defib::signing
