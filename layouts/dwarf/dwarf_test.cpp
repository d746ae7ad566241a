// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One structure (shapes.c) as gcc and clang describe it in three versions of DWARF, unpacked and in
// every compression, relocated and not: always the same structure.
#include "layouts/dwarf/dwarf.h"

#include <gtest/gtest.h>

#include "layouts/layout_builder.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

const std::filesystem::path SEEDS = DEFIB_DWARF_SEEDS;

Result<Layout> layout_of(const std::string& name, unsigned threads = 1) {
    const auto file = MappedFile::open(SEEDS / name);
    if (!file) return std::unexpected(file.error());
    const auto elf = ElfFile::parse(file->bytes(), name);
    if (!elf) return std::unexpected(elf.error());
    const auto dwarf = read_dwarf(*elf, name, threads);
    if (!dwarf) return std::unexpected(dwarf.error());
    return build_layout(dwarf->types, Everything{}, name);
}

const LayoutMember& member(const LayoutStruct& structure, const std::string& name) {
    for (const LayoutMember& m : structure.members) {
        if (m.name == name) return m;
    }
    static const LayoutMember NONE;
    ADD_FAILURE() << "no member " << name;
    return NONE;
}

class Shapes : public testing::TestWithParam<const char*> {};

TEST_P(Shapes, AreTheSameInEveryDwarf) {
    const auto layout = layout_of(GetParam());
    ASSERT_TRUE(layout.has_value()) << to_line(layout.error());
    const LayoutStruct& shapes = layout->structs.at("shapes");
    const auto bit = [&](const char* name) {
        return member(shapes, name).offset * 8 + member(shapes, name).bit_offset;
    };
    EXPECT_EQ(bit("flags"), 16U * 8);
    EXPECT_EQ(member(shapes, "flags").bit_size, 3U);
    EXPECT_EQ(bit("more"), 20U * 8);
    EXPECT_EQ(bit("last"), 20U * 8 + 17);
    EXPECT_EQ(member(shapes, "last").bit_size, 12U);
    EXPECT_EQ(bit("small"), 20U * 8 + 29);
    EXPECT_TRUE(member(shapes, "small").is_signed);
    EXPECT_EQ(member(shapes, "yes").kind, MemberKind::boolean);
    EXPECT_EQ(member(shapes, "count").type, "atomic_t");
    EXPECT_EQ(member(shapes, "atomic").size, 8U);
    EXPECT_EQ(member(shapes, "pointer").kind, MemberKind::pointer);
    EXPECT_EQ(member(shapes, "inner_c").array, (std::vector<uint64_t>{3}));
    EXPECT_EQ(member(shapes, "inner_b").offset, member(shapes, "inner_c").offset);
    EXPECT_EQ(member(shapes, "named").array, (std::vector<uint64_t>{2, 3}));
    EXPECT_EQ(member(shapes, "colour").kind, MemberKind::enumeration);
    EXPECT_EQ(member(shapes, "opaque").target, "declared_only");
    EXPECT_EQ(member(shapes, "aligned").offset % 64, 0U);
    EXPECT_EQ(member(shapes, "flexible").array, (std::vector<uint64_t>{0}));
    EXPECT_EQ(layout->structs.at("atomic_t").size, 4U);
    const LayoutEnum& colour = layout->enums.at("colour");
    EXPECT_TRUE(colour.is_signed);
    EXPECT_EQ(colour.values.back(), (std::pair<std::string, int64_t>("BLUE", -2)));

    const auto reference = layout_of("gcc-dwarf5.o");
    ASSERT_TRUE(reference.has_value());
    const LayoutStruct& same = reference->structs.at("shapes");
    EXPECT_EQ(shapes.size, same.size);
    ASSERT_EQ(shapes.members.size(), same.members.size());
    for (size_t i = 0; i < same.members.size(); ++i) {
        EXPECT_EQ(shapes.members[i].name, same.members[i].name);
        EXPECT_EQ(shapes.members[i].offset, same.members[i].offset) << same.members[i].name;
        EXPECT_EQ(shapes.members[i].size, same.members[i].size) << same.members[i].name;
        EXPECT_EQ(shapes.members[i].bit_offset, same.members[i].bit_offset) << same.members[i].name;
        EXPECT_EQ(shapes.members[i].kind, same.members[i].kind) << same.members[i].name;
    }
}

INSTANTIATE_TEST_SUITE_P(All, Shapes,
                         testing::Values("gcc-dwarf3.o", "gcc-dwarf4.o", "gcc-dwarf5.o",
                                         "gcc-zlib.o", "gcc-zdebug.o", "clang-dwarf5.o",
                                         "clang-zstd.o", "linked.elf"));

TEST(Dwarf, ResolvesADeclarationInOneUnitByTheDefinitionInAnother) {
    const auto layout = layout_of("linked.elf");
    ASSERT_TRUE(layout.has_value()) << to_line(layout.error());
    EXPECT_EQ(layout->structs.at("declared_only").members.at(0).name, "defined_elsewhere");
    EXPECT_TRUE(layout->structs.contains("twice"));
}

TEST(Dwarf, GivesTheSameBytesForAnyNumberOfThreads) {
    const auto one = layout_of("linked.elf", 1);
    const auto four = layout_of("linked.elf", 4);
    ASSERT_TRUE(one.has_value() && four.has_value());
    EXPECT_EQ(to_json(*one), to_json(*four));
}

TEST(Dwarf, SurvivesEveryFlippedByteAndEveryTruncation) {
    const auto file = MappedFile::open(SEEDS / "clang-dwarf5.o");
    ASSERT_TRUE(file.has_value());
    const std::string whole(as_text(file->bytes()));
    const auto read = [](const std::string& bytes) {
        const auto elf = ElfFile::parse(as_bytes(bytes), "test");
        if (!elf) return;
        const auto dwarf = read_dwarf(*elf, "test", 1);
        if (!dwarf) EXPECT_EQ(exit_status(dwarf.error().code), DEFIB_EXIT_INPUT);
    };
    for (size_t at = 0; at < whole.size(); at += 3) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x55);
        read(changed);
        read(whole.substr(0, at));
    }
}

}  // namespace
}  // namespace defib::layouts
