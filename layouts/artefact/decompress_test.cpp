// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/decompress.h"

#include <gtest/gtest.h>

#include "layouts/artefact/fixtures.h"

namespace defib::layouts {
namespace {

using fixtures::Packing;

constexpr size_t LIMIT = size_t{1} << 20;

class Codecs : public testing::TestWithParam<Packing> {};

std::string sample() {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919) + "\n";
    return text;
}

TEST_P(Codecs, GiveBackWhatWasPacked) {
    const std::string packed = fixtures::pack(sample(), GetParam());
    const auto plain = unpack_all(as_bytes(packed), "test", LIMIT, 0);
    ASSERT_TRUE(plain.has_value()) << to_line(plain.error());
    EXPECT_EQ(as_text(*plain), sample());
}

// The kernel's build appends the unpacked size to every payload but gzip's.
TEST_P(Codecs, IgnoreTheSizeBehindThePayload) {
    const std::string packed =
        fixtures::pack(sample(), GetParam()) + std::string("\x12\x34\x01\0", 4);
    const auto plain = unpack_all(as_bytes(packed), "test", LIMIT, sample().size());
    ASSERT_TRUE(plain.has_value()) << to_line(plain.error());
    EXPECT_EQ(as_text(*plain), sample());
}

TEST_P(Codecs, RefuseABombAtTheLimit) {
    const std::string packed = fixtures::pack(std::string(LIMIT + 1, 'a'), GetParam());
    const auto plain = unpack_all(as_bytes(packed), "test", LIMIT, LIMIT * 1000);
    ASSERT_FALSE(plain.has_value());
    EXPECT_EQ(plain.error().code, DEFIB_ERROR_LAYOUT_TOO_LARGE);
    const std::string exact = fixtures::pack(std::string(LIMIT, 'a'), GetParam());
    EXPECT_TRUE(unpack_all(as_bytes(exact), "test", LIMIT, 0).has_value());
}

TEST_P(Codecs, RefuseWhatIsCut) {
    const std::string packed = fixtures::pack(sample(), GetParam());
    for (size_t length = 20; length + 1 < packed.size(); length += packed.size() / 37) {
        const auto plain = unpack_all(as_bytes(packed).first(length), "test", LIMIT, 0);
        ASSERT_FALSE(plain.has_value()) << length;
        EXPECT_EQ(exit_status(plain.error().code), DEFIB_EXIT_INPUT);
    }
}

TEST_P(Codecs, SurviveEveryFlippedByte) {
    const std::string packed = fixtures::pack(sample(), GetParam());
    for (size_t at = 0; at < packed.size(); at += 13) {
        std::string changed = packed;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        const auto plain = unpack_all(as_bytes(changed), "test", LIMIT, 0);
        if (plain) EXPECT_LE(plain->size(), LIMIT);
    }
}

INSTANTIATE_TEST_SUITE_P(All, Codecs,
                         testing::Values(Packing::gzip, Packing::xz, Packing::lzma, Packing::zstd,
                                         Packing::lz4, Packing::bzip2));

TEST(Decompress, KnowsWhatItDoesNotKnow) {
    const auto plain = unpack_all(as_bytes("plain text"), "test", LIMIT, 0);
    ASSERT_FALSE(plain.has_value());
    EXPECT_EQ(plain.error().code, DEFIB_ERROR_LAYOUT_UNSUPPORTED);
}

}  // namespace
}  // namespace defib::layouts
