// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/kallsyms.h"

#include <gtest/gtest.h>

#include "layouts/artefact/fixtures.h"

namespace defib::layouts {
namespace {

using fixtures::KallsymsOrder;
using fixtures::PerCpu;

constexpr uint64_t TEXT = 0xffffffff81000000;

std::string image(KallsymsOrder order, PerCpu per_cpu, size_t shift = 0) {
    std::string bytes(4096 + shift, 'x');
    bytes +=
        fixtures::tiny_kallsyms(fixtures::tiny_symbols(TEXT, per_cpu), TEXT, order, per_cpu).bytes;
    return bytes.append(4096, '\0');
}

Result<Kallsyms> find_and_decode(const std::string& bytes) {
    const auto tables = find_kallsyms(as_bytes(bytes), "test");
    if (!tables) return std::unexpected(tables.error());
    return decode_kallsyms(*tables, "test");
}

class Orders : public testing::TestWithParam<std::tuple<KallsymsOrder, PerCpu>> {};

TEST_P(Orders, AreFoundByTheirStructure) {
    const auto [order, per_cpu] = GetParam();
    const auto found = find_and_decode(image(order, per_cpu));
    ASSERT_TRUE(found.has_value()) << to_line(found.error());
    EXPECT_EQ(found->text, TEXT);
    EXPECT_EQ(found->symbols.at("_text").value, 0);
    EXPECT_EQ(found->symbols.at("symbol_299").value, 0x100 + 0x10 * 299);
    EXPECT_TRUE(found->symbols.contains(std::string(200, 'x')));
    const LayoutSymbol& runqueues = found->symbols.at("runqueues");
    EXPECT_EQ(runqueues.is_absolute, per_cpu == PerCpu::absolute);
    EXPECT_EQ(runqueues.value, per_cpu == PerCpu::absolute ? 0x1234 : 0x201234);
}

INSTANTIATE_TEST_SUITE_P(All, Orders,
                         testing::Combine(testing::Values(KallsymsOrder::offsets_first,
                                                          KallsymsOrder::offsets_last),
                                          testing::Values(PerCpu::absolute, PerCpu::relative)));

TEST(Kallsyms, AGlobalSymbolWinsAndAmbiguousLocalOnesAreLeftOut) {
    const auto found = find_and_decode(image(KallsymsOrder::offsets_last, PerCpu::absolute));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->symbols.at("once_global").value, 0x40);
    EXPECT_FALSE(found->symbols.contains("twice"));
}

TEST(Kallsyms, SayHowFarTheNextOneIs) {
    const auto found = find_and_decode(image(KallsymsOrder::offsets_last, PerCpu::absolute));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->symbols.at("symbol_7").room, 0x10U);
    // Up to one that is left out because its name is not the only one.
    EXPECT_EQ(found->symbols.at("_text").room, 0x10U);
    EXPECT_EQ(found->symbols.at("symbol_299").room, 0U) << "nothing follows";
    EXPECT_EQ(found->symbols.at("runqueues").room, 0U) << "what follows is no per-CPU variable";
}

TEST(Kallsyms, NameWhatLiesAtAnAddress) {
    for (const PerCpu per_cpu : {PerCpu::absolute, PerCpu::relative}) {
        const std::string bytes = image(KallsymsOrder::offsets_last, per_cpu);
        const auto tables = find_kallsyms(as_bytes(bytes), "test");
        ASSERT_TRUE(tables.has_value()) << to_line(tables.error());
        EXPECT_EQ(symbol_at(*tables, TEXT + 0x100 + 0x10 * 7), "symbol_7");
        EXPECT_EQ(symbol_at(*tables, TEXT + 0x100 + 0x10 * 7 + 4), "symbol_7+0x4");
        EXPECT_EQ(symbol_at(*tables, 1), "");
        EXPECT_EQ(symbol_at(*tables, TEXT - 0x1000), "");
        EXPECT_EQ(symbol_at(*tables, ~uint64_t{0}), "");
        KallsymsTables cut = *tables;
        cut.names = cut.names.first(8);
        EXPECT_EQ(symbol_at(cut, TEXT + 0x100 + 0x10 * 299), "");
    }
}

TEST(Kallsyms, AreNotFoundWhereThereAreNone) {
    const auto found = find_kallsyms(as_bytes(std::string(1 << 20, 'a')), "test");
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, DEFIB_ERROR_LAYOUT_NO_SYMBOLS);
}

// A table that is cut or changed is refused or read as it stands; nothing is read outside of it.
TEST(Kallsyms, SurviveEveryTruncationAndEveryFlippedByte) {
    const std::string whole = image(KallsymsOrder::offsets_first, PerCpu::absolute);
    for (size_t length = 0; length < whole.size(); length += 61) {
        const std::string cut = whole.substr(0, length);
        const auto found = find_and_decode(cut);
        if (found) EXPECT_LE(found->symbols.size(), 400U);
    }
    for (size_t at = 4096; at + 4096 < whole.size(); at += 7) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x81);
        const auto found = find_and_decode(changed);
        if (found) EXPECT_LE(found->symbols.size(), 400U);
    }
}

}  // namespace
}  // namespace defib::layouts
