// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "signing/durable_file.h"
#include "signing/testing.h"

namespace defib::signing {
namespace {

using testing::Folder;
using testing::key;

// The least that Argon2id takes: a test is no place to be slow on purpose.
constexpr PassphraseCost CHEAP{.operations = 1, .memory_bytes = 8192};

class SecretKeyFile : public ::testing::Test {
  protected:
    const SecretKey key_ = key("image-a");
    const Passphrase right_ = *Passphrase::from_text("correct horse");
    const std::string file_ = *seal_secret_key(key_, "image-a", right_, CHEAP);

    std::string with(const std::string& from, const std::string& to) const {
        std::string text = file_;
        return text.replace(text.find(from), from.size(), to);
    }
};

TEST_F(SecretKeyFile, OpensWithItsPassphraseAndNoOther) {
    const auto opened = open_secret_key(file_, right_, "f");
    ASSERT_DONE(opened);
    EXPECT_EQ(opened->public_key(), key_.public_key());
    EXPECT_EQ(opened->seed(), key_.seed());
    EXPECT_REFUSED(open_secret_key(file_, *Passphrase::from_text("correct horsf"), "f"),
                   SIGNING_PASSPHRASE);
}

TEST_F(SecretKeyFile, ShowsNoSecret) {
    EXPECT_EQ(file_.find(to_hex(key_.seed())), std::string::npos);
    const auto shown = read_public_key(file_, "f");
    ASSERT_DONE(shown);
    EXPECT_EQ(shown->key, key_.public_key());
    EXPECT_EQ(shown->name, "image-a");
}

TEST_F(SecretKeyFile, IsDifferentEachTimeItIsWritten) {
    EXPECT_NE(*seal_secret_key(key_, "image-a", right_, CHEAP), file_);
}

TEST_F(SecretKeyFile, WithAnotherPublicKeyIsRefused) {
    const std::string swapped =
        with(to_hex(key_.public_key()), to_hex(key("image-b").public_key()));
    EXPECT_REFUSED(open_secret_key(swapped, right_, "f"), SIGNING_NOT_A_KEY);
}

TEST_F(SecretKeyFile, CannotAskForAllTheMemoryOrTime) {
    EXPECT_REFUSED(open_secret_key(with("memory: 8192", "memory: 99999999999"), right_, "f"),
                   SIGNING_NOT_A_KEY);
    EXPECT_REFUSED(open_secret_key(with("operations: 1", "operations: 4000000"), right_, "f"),
                   SIGNING_NOT_A_KEY);
}

TEST_F(SecretKeyFile, CutOffAnywhereIsRefused) {
    for (size_t size = 0; size + 1 < file_.size(); ++size) {
        EXPECT_FALSE(open_secret_key(file_.substr(0, size), right_, "f")) << size;
    }
    EXPECT_REFUSED(open_secret_key(file_ + "x", right_, "f"), SIGNING_NOT_A_KEY);
}

TEST_F(SecretKeyFile, IsPrivateAndNeverWrittenOver) {
    const Folder folder;
    ASSERT_DONE(write_secret(folder / "k", file_));
    struct stat status{};
    ASSERT_EQ(::stat((folder / "k").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_REFUSED(write_secret(folder / "k", "other"), BASE_CANNOT_WRITE);
    EXPECT_EQ(*read_at_most(folder / "k", 4096, DEFIB_ERROR_SIGNING_NOT_A_KEY), file_);
}

TEST(PublicKeyFile, ReadsBackAsTextAndAsPem) {
    const NamedKey named{.name = "image-a", .key = key("image-a").public_key()};
    const auto text = read_public_key(write_public_key(named), "f");
    ASSERT_DONE(text);
    EXPECT_EQ(text->key, named.key);
    const auto pem = read_public_key(write_public_pem(named.key), "/some/where/hsm key.pem");
    ASSERT_DONE(pem);
    EXPECT_EQ(pem->key, named.key);
    EXPECT_EQ(pem->name, "hsm_key");
}

TEST(PublicKeyFile, OfAnotherAlgorithmIsRefused) {
    // X25519, the same length and one byte of difference (1.3.101.110).
    const std::string x25519 =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
    EXPECT_REFUSED(read_public_key(x25519, "f"), SIGNING_NOT_A_KEY);
    EXPECT_REFUSED(read_public_key("-----BEGIN PUBLIC KEY-----\n", "f"), SIGNING_NOT_A_KEY);
    EXPECT_REFUSED(read_public_key("ssh-ed25519 AAAA", "f"), SIGNING_NOT_A_KEY);
}

TEST(PassphraseFile, GivesItsFirstLine) {
    const Folder folder;
    ASSERT_TRUE(write_atomically(folder / "p", "secret words\nnot this\n"));
    const auto read = Passphrase::read({.file = folder / "p"}, Prompt::twice, "k");
    ASSERT_DONE(read);
    EXPECT_EQ(read->text(), "secret words");
    ASSERT_TRUE(write_atomically(folder / "p", "\n"));
    EXPECT_REFUSED(Passphrase::read({.file = folder / "p"}, Prompt::once, "k"),
                   SIGNING_NO_PASSPHRASE);
}

TEST(PassphraseDescriptor, IsReadToTheEndOfTheLineAndNoFurther) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    ASSERT_EQ(::write(pipe_ends[1], "one\ntwo\n", 8), 8);
    EXPECT_EQ(Passphrase::read({.fd = pipe_ends[0]}, Prompt::once, "k")->text(), "one");
    EXPECT_EQ(Passphrase::read({.fd = pipe_ends[0]}, Prompt::once, "k")->text(), "two");
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
}

}  // namespace
}  // namespace defib::signing
