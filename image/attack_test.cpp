// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The attacks on update systems that TUF's specification lists (1.5.2, goals for implementation and
// protection), as far as they concern one file: each has to be refused, and with a reason of its
// own, because an operator does something else about each.
#include <gtest/gtest.h>

#include <algorithm>

#include "image/format.h"
#include "image/testing.h"

namespace defib::image {
namespace {

using signing::testing::make;
using testing::make_image;
using testing::request;

class Attack : public ::testing::Test {
  protected:
    const signing::KeySet trusted_ = make({});
    const std::string good_ = make_image({});

    Result<VerifiedImage> check(const std::string& file) const {
        return verify(file, request(trusted_), "image");
    }
    static void put_u32(std::string& file, size_t at, uint32_t value) {
        for (size_t i = 0; i < 4; ++i) file[at + i] = char((value >> (8 * i)) & 0xff);
    }
};

TEST_F(Attack, IsNotSeenInAGoodImage) {
    const auto image = check(good_);
    ASSERT_DONE(image);
    EXPECT_TRUE(image->is_genuine());
    EXPECT_EQ(as_text(image->part(PartType::manifest)), "{}\n");
    EXPECT_EQ(image->running().security_counter, 3U);
    EXPECT_EQ(image->running().verified_with.size(), 1U);
}

TEST_F(Attack, ArbitraryImage) {
    EXPECT_REFUSED(check(make_image({.signers = {"thief"}})), SIGNING_KEY_UNKNOWN);
    EXPECT_REFUSED(check(make_image({.signers = {}})), SIGNING_UNSIGNED);
    EXPECT_REFUSED(check("#!/bin/sh\n"), IMAGE_NOT_AN_IMAGE);
    EXPECT_REFUSED(check(""), IMAGE_NOT_AN_IMAGE);
}

TEST_F(Attack, SignatureOfAnotherImage) {
    std::string graft = make_image({.engine = "// the thief's\n"});
    const size_t signature = 64;
    std::ranges::copy(good_.substr(good_.size() - signature), graft.end() - long(signature));
    EXPECT_REFUSED(check(graft), SIGNING_BAD_SIGNATURE);
}

TEST_F(Attack, Rollback) {
    EXPECT_REFUSED(check(make_image({.security_counter = 2})), IMAGE_ROLLED_BACK);
    EXPECT_TRUE(check(make_image({.security_counter = 4})));
}

TEST_F(Attack, IndefiniteFreezeWhenTheOperatorSetsAnAge) {
    VerifyRequest strict = request(trusted_);
    strict.oldest_source_date = 1'750'000'000 + 86'400 * 30;
    const auto frozen = verify(good_, strict, "image");
    EXPECT_REFUSED(frozen, IMAGE_TOO_OLD);
    EXPECT_EQ(frozen.error().detail, "by 30 days");
    strict.oldest_source_date = 1'750'000'000;
    EXPECT_TRUE(verify(good_, strict, "image"));
}

TEST_F(Attack, MixAndMatchOfParts) {
    // A part of another image that the vendor signed, of the same size, put into this one.
    const std::string other =
        make_image({.layouts = {{"6.1.0-1", "layout uno"}, {"6.12.0-1", "layout two"}}});
    ASSERT_TRUE(check(other));
    std::string mixed = good_;
    mixed.replace(mixed.find("layout one"), 10, "layout uno");
    const auto refused = check(mixed);
    EXPECT_REFUSED(refused, IMAGE_MIXED_PARTS);
    EXPECT_EQ(refused.error().detail, "layout-json 6.1.0-1");
}

TEST_F(Attack, WrongTarget) {
    for (const TargetId& machine : {TargetId{"Other", "R1", "B1"}, TargetId{"Acme", "R3", "B1"},
                                    TargetId{"Acme", "R2", "B8"}}) {
        VerifyRequest elsewhere = request(trusted_);
        elsewhere.machine = machine;
        EXPECT_REFUSED(verify(good_, elsewhere, "image"), IMAGE_WRONG_TARGET);
    }
    VerifyRequest second = request(trusted_);
    second.machine = {.vendor = "Acme", .model = "R2", .board = "B7"};
    EXPECT_TRUE(verify(good_, second, "image"));
}

TEST_F(Attack, EndlessData) {
    EXPECT_REFUSED(read_image("/dev/zero"), IMAGE_ENDLESS);
    EXPECT_REFUSED(check(good_ + std::string(MOST_IMAGE_BYTES, '\0')), IMAGE_ENDLESS);
}

TEST_F(Attack, SizesThatAreMeantToAllocate) {
    for (const uint32_t claim : {0xffffffffU, 0x7fffffffU, 0x10000U, 257U}) {
        for (const size_t field : {12U, 16U, 20U, 28U}) {
            std::string file = good_;
            put_u32(file, field, claim);
            EXPECT_REFUSED(check(file), IMAGE_MALFORMED);
        }
    }
}

TEST_F(Attack, ExtraneousDataAndParts) {
    EXPECT_REFUSED(check(good_ + "x"), IMAGE_EXTRANEOUS);
    EXPECT_REFUSED(check(good_ + good_), IMAGE_EXTRANEOUS);
    // In the padding of a part, where no digest reaches.
    std::string padded = good_;
    padded[padded.find("// the engine\n") + 20] = 'x';
    EXPECT_REFUSED(check(padded), IMAGE_EXTRANEOUS);
    // Behind the last part, before the signatures.
    const size_t body = parse(as_bytes(good_), "test")->body.size();
    std::string longer = good_;
    longer.insert(body, 64, 'x');
    put_u32(longer, 24, uint32_t(body + 64));
    EXPECT_REFUSED(check(longer), IMAGE_EXTRANEOUS);
    // A part of a type that is not known here.
    std::string unknown = good_;
    const size_t table =
        HEADER_BYTES + size_t(uint8_t(good_[12])) + 256 * size_t(uint8_t(good_[13]));
    put_u32(unknown, table + 3 * PART_ENTRY_BYTES, 99);
    EXPECT_REFUSED(check(unknown), IMAGE_UNKNOWN_PART);
}

TEST_F(Attack, AttributeThatIsNotKnownHere) {
    std::string file = good_;
    // The last attribute is a target; type 6 keeps the order, so only the allow-list refuses.
    const size_t last = file.find("Acme/R2/B7") - 4;
    file[last] = 6;
    EXPECT_REFUSED(check(file), IMAGE_UNKNOWN_ATTRIBUTE);
}

TEST_F(Attack, KeyCompromiseBelowTheThreshold) {
    const auto two = make({.images = {"image-a", "image-b"}, .image_threshold = 2});
    EXPECT_REFUSED(verify(good_, request(two), "image"), SIGNING_BELOW_THRESHOLD);
    EXPECT_TRUE(verify(make_image({.signers = {"image-a", "image-b"}}), request(two), "image"));
}

TEST_F(Attack, SignatureThatIsCountedTwice) {
    const auto two = make({.images = {"image-a", "image-b"}, .image_threshold = 2});
    const std::string twice = [&] {
        std::string file = good_;
        const std::string entry = file.substr(file.size() - 96);
        put_u32(file, file.size() - 96 - 8, 2);
        return file + entry;
    }();
    EXPECT_REFUSED(verify(twice, request(two), "image"), IMAGE_MALFORMED);
}

TEST_F(Attack, RevokedKey) {
    const auto revoking = make({.version = 2, .images = {"image-b"}, .revoked = {"image-a"}});
    EXPECT_REFUSED(verify(good_, request(revoking), "image"), SIGNING_KEY_REVOKED);
    // During the rollover an image carries both signatures, and runs before and after.
    const std::string both = make_image({.signers = {"image-a", "image-b"}});
    EXPECT_TRUE(verify(both, request(trusted_), "image"));
    EXPECT_TRUE(verify(both, request(revoking), "image"));
}

TEST_F(Attack, StaleKeySet) {
    // The vendor revoked a key in version 2 and says in each image since that it wants to be judged
    // by that version; a machine that was kept on version 1 is told so.
    EXPECT_REFUSED(check(make_image({.key_set_version = 2})), IMAGE_KEY_SET_BEHIND);
}

TEST_F(Attack, Truncation) {
    for (size_t size = 0; size < good_.size(); ++size) {
        EXPECT_FALSE(check(good_.substr(0, size))) << size;
    }
    EXPECT_REFUSED(check(good_.substr(0, 1000)), IMAGE_TRUNCATED);
    EXPECT_REFUSED(check(good_.substr(0, 40)), IMAGE_TRUNCATED);
}

TEST_F(Attack, AnyChangeOfAByte) {
    for (size_t i = 0; i < good_.size(); ++i) {
        for (const int mask : {0x01, 0x80, 0xff}) {
            std::string bad = good_;
            bad[i] = char(bad[i] ^ mask);
            EXPECT_FALSE(check(bad)) << "byte " << i << " with " << mask;
        }
    }
}

}  // namespace
}  // namespace defib::image
