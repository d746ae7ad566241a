// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/crypto.h"

#include <gtest/gtest.h>

#include "signing/testing.h"

namespace defib::signing {
namespace {

using testing::key;

TEST(Digest, OfTheSameBytesDiffersByWhatTheyAre) {
    EXPECT_NE(digest("defib.part.1", as_bytes("x")), digest("defib.keyset.1", as_bytes("x")));
    EXPECT_EQ(digest("defib.part.1", as_bytes("x")), digest("defib.part.1", as_bytes("x")));
}

TEST(Digest, IsBlake2b256WithAPersonalString) {
    // python3: hashlib.blake2b(b"abc", digest_size=32, person=b"defib.part.1").hexdigest()
    EXPECT_EQ(to_hex(digest("defib.part.1", as_bytes("abc"))),
              "dd3991afadb0346acf9cedcbc38c46a38e04c123d14fb89eccd4ea847453cc0c");
}

TEST(Signature, IsEd25519AsRfc8032HasIt) {
    // RFC 8032, 7.1, TEST 3 is over other bytes than ours; its key pair is what can be compared.
    Seed seed{};
    ASSERT_TRUE(from_hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", seed));
    EXPECT_EQ(to_hex(SecretKey::from_seed(seed)->public_key()),
              "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
}

TEST(Signature, IsRefusedAfterAnyChangeOfABit) {
    const SecretKey signer = key("image-a");
    const BytesToSign message = bytes_to_sign("defib image 1", digest("test", as_bytes("x")));
    const Signature good = signer.sign(message);
    EXPECT_TRUE(is_accepted(check_signature(message, good, signer.public_key())));
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        Signature bad = good;
        bad[bit / 8] ^= uint8_t(1U << (bit % 8));
        EXPECT_FALSE(is_accepted(check_signature(message, bad, signer.public_key()))) << bit;
    }
    for (size_t bit = 0; bit < message.bytes.size() * 8; ++bit) {
        BytesToSign bad = message;
        bad.bytes[bit / 8] ^= uint8_t(1U << (bit % 8));
        EXPECT_FALSE(is_accepted(check_signature(bad, good, signer.public_key()))) << bit;
    }
}

TEST(Verdict, IsAcceptedByOneValueAndNoOtherThatIsOneBitAway) {
    EXPECT_TRUE(is_accepted(Verdict::accepted));
    EXPECT_FALSE(is_accepted(Verdict::refused));
    EXPECT_FALSE(is_accepted(Verdict{0}));
    EXPECT_FALSE(is_accepted(Verdict{1}));
    for (int bit = 0; bit < 32; ++bit) {
        EXPECT_FALSE(is_accepted(Verdict(uint32_t(Verdict::accepted) ^ (1U << bit)))) << bit;
        EXPECT_FALSE(is_accepted(Verdict(uint32_t(Verdict::refused) ^ (1U << bit)))) << bit;
    }
}

TEST(Verdict, OfTwoIsAcceptedWhenBothAre) {
    EXPECT_TRUE(is_accepted(both(Verdict::accepted, Verdict::accepted)));
    EXPECT_FALSE(is_accepted(both(Verdict::accepted, Verdict::refused)));
    EXPECT_FALSE(is_accepted(both(Verdict::refused, Verdict::accepted)));
}

TEST(Compare, TakesLengthAndEveryByte) {
    EXPECT_TRUE(is_accepted(compare(as_bytes("same"), as_bytes("same"))));
    EXPECT_TRUE(is_accepted(compare({}, {})));
    EXPECT_FALSE(is_accepted(compare(as_bytes("same"), as_bytes("sama"))));
    EXPECT_FALSE(is_accepted(compare(as_bytes("same"), as_bytes("same "))));
}

TEST(Hex, RefusesWhatIsNotExactlyTheBytes) {
    std::array<uint8_t, 2> out{};
    EXPECT_TRUE(from_hex("00ff", out));
    for (const char* bad : {"", "00", "00f", "00ff00", "00fg", "0x00", " 00ff", "00 ff"}) {
        EXPECT_FALSE(from_hex(bad, out)) << bad;
    }
}

}  // namespace
}  // namespace defib::signing
