// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/trust_store.h"

#include <gtest/gtest.h>

#include "signing/durable_file.h"
#include "signing/testing.h"

namespace defib::signing {
namespace {

using testing::file_of;
using testing::Folder;
using testing::key;
using testing::make;

class Machine : public ::testing::Test {
  protected:
    Machine() {
        std::filesystem::create_directories(machine_ / "etc");
        EXPECT_TRUE(write_atomically(machine_ / "etc/machine-id", "0123456789abcdef\n"));
    }
    Result<TrustStore> install(const KeySet& set) {
        return TrustStore::install({.folder = state(), .root = machine_.path()},
                                   as_bytes(file_of(set)), "first");
    }
    Result<TrustStore> open() { return TrustStore::open(state(), machine_.path()); }
    static RunningImage running(uint64_t counter, const std::string& name) {
        RunningImage image{.security_counter = counter};
        image.verified_with.push_back(key(name).public_key());
        return image;
    }
    std::filesystem::path state() const { return machine_ / "state"; }
    std::string content(const std::string& name) const {
        return *read_at_most(state() / name, 1 << 16, DEFIB_ERROR_BASE_CANNOT_READ);
    }
    void put_back(const std::string& name, const std::string& text) const {
        ASSERT_TRUE(write_atomically(state() / name, text));
    }

    Folder machine_;
};

TEST_F(Machine, TrustsNothingBeforeItWasSetUp) {
    EXPECT_REFUSED(open(), SIGNING_COUNTER_MISSING);
}

TEST_F(Machine, IsSetUpOnceWithASignedKeySet) {
    EXPECT_REFUSED(install(make({.signers = {"root-1"}})), SIGNING_BELOW_THRESHOLD);
    ASSERT_DONE(install(make({})));
    EXPECT_REFUSED(install(make({.version = 2})), SIGNING_ALREADY_TRUSTS);
    const auto store = open();
    ASSERT_DONE(store);
    EXPECT_EQ(store->key_set().version, 1U);
    EXPECT_EQ(*store->least_security_counter(), 0U);
}

TEST_F(Machine, RemembersTheHighestCounter) {
    ASSERT_DONE(install(make({})));
    ASSERT_DONE(open()->confirm(running(5, "image-a")));
    ASSERT_DONE(open()->confirm(running(3, "image-a")));
    EXPECT_EQ(*open()->least_security_counter(), 5U);
}

TEST_F(Machine, RefusesAnOldKeySetPutBackIntoItsFolder) {
    ASSERT_DONE(install(make({})));
    const std::string old_keys = content("keys");
    ASSERT_DONE(open()->adopt(as_bytes(file_of(make({.version = 2}))), "next"));
    put_back("keys", old_keys);
    EXPECT_REFUSED(open(), SIGNING_STALE_KEY_SET);
}

TEST_F(Machine, KeepsItsKeySetWhenAnotherIsRefused) {
    ASSERT_DONE(install(make({})));
    auto store = open();
    EXPECT_REFUSED(
        store->adopt(as_bytes(file_of(make({.version = 2, .signers = {"root-1"}}))), "n"),
        SIGNING_BELOW_THRESHOLD);
    EXPECT_EQ(store->key_set().version, 1U);
    EXPECT_EQ(open()->key_set().version, 1U);
}

TEST_F(Machine, RefusesDeletedDamagedAndForeignCounters) {
    ASSERT_DONE(install(make({})));
    ASSERT_DONE(open()->confirm(running(5, "image-a")));
    const std::string good = content("counters");
    for (size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = char(bad[i] ^ 1);
        put_back("counters", bad);
        EXPECT_REFUSED(open(), SIGNING_COUNTER_DAMAGED);
    }
    std::filesystem::remove(state() / "counters");
    EXPECT_REFUSED(open(), SIGNING_COUNTER_MISSING);
    put_back("counters", good);
    ASSERT_DONE(open());
    ASSERT_TRUE(write_atomically(machine_ / "etc/machine-id", "another\n"));
    EXPECT_REFUSED(open(), SIGNING_COUNTER_DAMAGED);
}

// The life of a key, from the first image to the revocation of what it was signed with.
TEST_F(Machine, RollsAKeyOverAndRevokesTheOldOne) {
    ASSERT_DONE(install(make({})));
    ASSERT_DONE(open()->confirm(running(1, "image-a")));
    const auto adopt = [&](const KeySet& set) {
        return open()->adopt(as_bytes(file_of(set)), "key set");
    };
    const KeySet revoking = make({.version = 3, .images = {"image-b"}, .revoked = {"image-a"}});
    EXPECT_REFUSED(adopt(revoking), SIGNING_REVOKES_RUNNING);
    ASSERT_DONE(adopt(make({.version = 2, .images = {"image-a", "image-b"}})));
    EXPECT_REFUSED(adopt(revoking), SIGNING_REVOKES_RUNNING);
    ASSERT_DONE(open()->confirm(running(2, "image-b")));
    ASSERT_DONE(adopt(revoking));
    EXPECT_TRUE(open()->key_set().is_revoked(key("image-a").public_key()));
    EXPECT_REFUSED(adopt(make({.version = 4, .images = {"image-a", "image-b"}})),
                   SIGNING_REVOCATION_LOST);
}

// Cut off after the key set was written and before its version was counted: the machine goes on,
// and the counter is caught up by the next adoption.
TEST_F(Machine, GoesOnWhenItWasCutOffBetweenKeySetAndCounter) {
    ASSERT_DONE(install(make({})));
    put_back("keys", file_of(make({.version = 2})));
    auto store = open();
    ASSERT_DONE(store);
    EXPECT_EQ(store->key_set().version, 2U);
    ASSERT_DONE(store->adopt(as_bytes(file_of(make({.version = 2}))), "again"));
    EXPECT_EQ(*store->counters().read(Counter::key_set), 2U);
}

TEST_F(Machine, RefusesAKeySetFileThatNeverEnds) {
    ASSERT_DONE(install(make({})));
    put_back("keys", std::string(MOST_KEY_SET_BYTES + 1, '\0'));
    EXPECT_REFUSED(open(), SIGNING_KEY_SET_MALFORMED);
    EXPECT_REFUSED(read_at_most("/dev/zero", 1 << 20, DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED),
                   SIGNING_KEY_SET_MALFORMED);
}

}  // namespace
}  // namespace defib::signing
