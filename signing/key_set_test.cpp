// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/key_set.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "signing/testing.h"
#include "signing/trust.h"

namespace defib::signing {
namespace {

using testing::entry;
using testing::file_of;
using testing::key;
using testing::make;

TEST(KeySet, ReadsBackWhatWasWritten) {
    KeySet set = make({.version = 7, .images = {"image-a", "image-b"}, .revoked = {"image-z"}});
    set.images[0].first_counter = 3;
    set.images[0].last_counter = 9;
    const auto read = read_key_set(as_bytes(file_of(set)), "test");
    ASSERT_DONE(read);
    EXPECT_EQ(read->version, 7U);
    EXPECT_EQ(read->root_threshold, 2U);
    EXPECT_EQ(read->roots.size(), 3U);
    EXPECT_EQ(read->images.size(), 2U);
    EXPECT_EQ(read->find_image(set.images[0].key)->last_counter, 9U);
    EXPECT_EQ(read->find_image(key("image-b").public_key())->name(), "image-b");
    EXPECT_TRUE(read->is_revoked(key("image-z").public_key()));
    EXPECT_EQ(read->signatures.size(), 2U);
}

TEST(KeySet, HasOneWayToBeWritten) {
    const KeySet a = make({.images = {"image-a", "image-b"}});
    const KeySet b = make({.images = {"image-b", "image-a"}, .signers = {"root-2", "root-1"}});
    EXPECT_EQ(file_of(a), file_of(b));
}

// Either the form is refused, or the digest or a signature no longer fits.
TEST(KeySet, IsRefusedWithAnyOfItsBytesChanged) {
    const std::string good = file_of(make({.revoked = {"image-z"}}));
    const auto trusted = read_key_set(as_bytes(good), "test");
    ASSERT_DONE(trusted);
    ASSERT_DONE(check_self_signed(*trusted, "test"));
    for (size_t i = 0; i < good.size(); ++i) {
        for (const int mask : {0x01, 0x80, 0xff}) {
            std::string bad = good;
            bad[i] = char(bad[i] ^ mask);
            const auto read = read_key_set(as_bytes(bad), "test");
            if (!read) continue;
            EXPECT_FALSE(check_self_signed(*read, "test")) << "byte " << i;
            EXPECT_FALSE(check_successor(*trusted, *read, {}, "test")) << "byte " << i;
        }
    }
}

TEST(KeySet, IsRefusedCutOffAnywhereAndWithBytesAppended) {
    const std::string good = file_of(make({}));
    for (size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(read_key_set(as_bytes(good.substr(0, size)), "test")) << size;
    }
    EXPECT_REFUSED(read_key_set(as_bytes(good + '\0'), "test"), SIGNING_KEY_SET_MALFORMED);
}

TEST(KeySet, ThatClaimsMoreKeysThanFitIsRefused) {
    for (const size_t field : {12U, 16U, 20U}) {
        std::string bad = file_of(make({}));
        std::fill_n(bad.begin() + long(field), 4, '\xff');
        EXPECT_REFUSED(read_key_set(as_bytes(bad), "test"), SIGNING_KEY_SET_MALFORMED);
    }
}

TEST(KeySet, CannotBeMadeSoThatNobodyCouldEverSign) {
    KeySet no_images = make({});
    no_images.images.clear();
    EXPECT_REFUSED(serialise(no_images, "test"), SIGNING_KEY_SET_MALFORMED);
    KeySet too_high = make({});
    too_high.root_threshold = 4;
    EXPECT_REFUSED(serialise(too_high, "test"), SIGNING_KEY_SET_MALFORMED);
    KeySet zero = make({});
    zero.image_threshold = 0;
    EXPECT_REFUSED(serialise(zero, "test"), SIGNING_KEY_SET_MALFORMED);
}

TEST(KeySet, KeepsRolesApart) {
    KeySet both = make({});
    both.images.push_back(entry("root-1"));
    EXPECT_REFUSED(serialise(both, "test"), SIGNING_KEY_SET_MALFORMED);
    KeySet revoked = make({});
    revoked.revoked.push_back(key("image-a").public_key());
    EXPECT_REFUSED(serialise(revoked, "test"), SIGNING_KEY_SET_MALFORMED);
    KeySet twice = make({});
    twice.images.push_back(entry("image-a"));
    EXPECT_REFUSED(serialise(twice, "test"), SIGNING_KEY_SET_MALFORMED);
}

}  // namespace
}  // namespace defib::signing
