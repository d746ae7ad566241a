// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/btf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layouts/layout_builder.h"
#include "layouts/testing/btf_assembler.h"

namespace defib::layouts {
namespace {

using testing::BtfAssembler;
using testing::everything;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<TypeGraph> read(const std::string& blob) {
    return read_btf(as_bytes(blob), "a.btf");
}

// What a person would see; empty when the blob was read.
std::string line(const std::string& blob) {
    const auto graph = read(blob);
    return graph ? std::string() : to_line(graph.error());
}

void put(std::string& blob, size_t at, uint32_t value) {
    std::copy_n(reinterpret_cast<const char*>(&value), sizeof value, blob.begin() + ptrdiff_t(at));
}

TEST(Btf, EveryKindIsRead) {
    const auto blob = everything().blob();
    const auto graph = read(blob);
    ASSERT_TRUE(graph) << to_line(graph.error());
    const auto& types = graph->types;
    EXPECT_EQ(types.size(), everything().next_id());
    EXPECT_EQ(types[1].name, "unsigned int");
    EXPECT_EQ(types[3].kind, TypeKind::structure);
    EXPECT_EQ(graph->members_of(types[3])[0].name, "next");
    EXPECT_EQ(types[4].target, 3U);
    EXPECT_EQ(types[5].kind, TypeKind::union_type);
    EXPECT_EQ(types[9].count, 4U);
    EXPECT_EQ(types[13].kind, TypeKind::forward);
    EXPECT_EQ(types[14].kind, TypeKind::floating);
    EXPECT_EQ(types[15].kind, TypeKind::function);
    EXPECT_EQ(types[16].kind, TypeKind::declaration);
}

TEST(Btf, ABitFieldKeepsItsWidthAndPlace) {
    const auto blob = everything().blob();
    const auto graph = read(blob);
    ASSERT_TRUE(graph);
    const auto members = graph->members_of(graph->types[6]);
    EXPECT_EQ(members[1].bit_offset, 3U);
    EXPECT_EQ(members[1].bit_size, 29U);
}

TEST(Btf, ABitFieldOfAnOldKernelIsOneOfANewOne) {
    BtfAssembler btf;
    const auto narrow = btf.narrow_integer("unsigned int", 4, 2, 5);
    btf.structure("flags", 8, {{"a", btf.alias("bits", narrow), 32}});
    const auto blob = btf.blob();
    const auto graph = read(blob);
    ASSERT_TRUE(graph);
    EXPECT_EQ(graph->members[0].bit_offset, 34U);
    EXPECT_EQ(graph->members[0].bit_size, 5U);
}

TEST(Btf, EnumeratorsKeepTheirSign) {
    const auto blob = everything().blob();
    const auto graph = read(blob);
    ASSERT_TRUE(graph);
    EXPECT_EQ(graph->enumerators[1].value, -1);
    EXPECT_EQ(graph->enumerators[2].value, INT64_MIN);
    BtfAssembler btf;
    btf.enumeration("unsigned", 4, {{"ALL", 0xffffffff}});
    const auto other = btf.blob();
    EXPECT_EQ(read(other)->enumerators[0].value, 0xffffffff);
}

TEST(Btf, AModuleContinuesItsKernel) {
    BtfAssembler kernel;
    const auto u32 = kernel.integer("unsigned int", 4);
    auto module = BtfAssembler::continuing(kernel);
    module.structure("driver", 4, {{"state", u32, 0}});
    const auto base = kernel.blob();
    const auto split = module.blob();
    const auto graph = read_split_btf(as_bytes(base), as_bytes(split), "m.ko");
    ASSERT_TRUE(graph) << to_line(graph.error());
    EXPECT_EQ(graph->types[2].name, "driver");
    EXPECT_EQ(graph->types[graph->members[0].type].name, "unsigned int");

    EXPECT_EQ(line(split),
              "a.btf: split BTF needs its base: these are a module's types; name its kernel's BTF "
              "as well");
}

TEST(Btf, AHeaderThatGrewIsRead) {
    std::string blob = everything().blob();
    blob.insert(24, 8, '\0');
    put(blob, 4, 32);
    EXPECT_THAT(line(blob), IsEmpty());
}

TEST(Btf, TheOtherByteOrderIsNamed) {
    std::string blob = everything().blob();
    std::swap(blob[0], blob[1]);
    EXPECT_EQ(
        line(blob),
        "a.btf: not supported: BTF of the other byte order; defib reads little-endian kernels "
        "only");
    EXPECT_TRUE(looks_like_btf(as_bytes(blob)));
}

TEST(Btf, BadHeadersAreRefused) {
    const std::string good = everything().blob();
    EXPECT_THAT(line(""), HasSubstr("truncated: ends inside the BTF header"));
    EXPECT_THAT(line(good.substr(0, 20)), HasSubstr("truncated: ends inside the BTF header"));
    EXPECT_THAT(line("no BTF at all, but long enough"), HasSubstr("does not begin as BTF does"));
    std::string blob = good;
    blob[2] = 2;
    EXPECT_THAT(line(blob), HasSubstr("not supported: BTF version 2"));
    blob = good;
    put(blob, 4, 0xffffffff);
    EXPECT_THAT(line(blob), HasSubstr("BTF header of 4294967295 bytes"));
    blob = good;
    put(blob, 12, 0xffffffff);
    EXPECT_THAT(line(blob), HasSubstr("truncated: its types end at byte"));
    blob = good;
    put(blob, 20, 0xffffffff);
    EXPECT_THAT(line(blob), HasSubstr("truncated: its strings end at byte"));
    blob = good;
    put(blob, 20, 0);
    EXPECT_THAT(line(blob), HasSubstr("it has no strings"));
    blob = good;
    blob.back() = 'x';
    EXPECT_THAT(line(blob), HasSubstr("its strings do not end"));
}

TEST(Btf, BadRecordsAreRefused) {
    {
        BtfAssembler btf;
        btf.raw(0, 20, 0, false, 0);
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 1 is of kind 20, which is unknown"));
    }
    {
        BtfAssembler btf;
        btf.raw(0, 4, 0xffff, false, 8);
        EXPECT_THAT(line(btf.blob()), HasSubstr("the type section ends inside type 1"));
    }
    {
        BtfAssembler btf;
        btf.raw(12345, 1, 0, false, 4, {32});
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 1: a name lies outside the strings"));
    }
    {
        BtfAssembler btf;
        btf.pointer(77);
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 1: refers to type 77, which is none"));
    }
    {
        BtfAssembler btf;
        btf.structure("s", 4, {{"a", 9, 0}});
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 1: member 'a' is of type 9, which is none"));
    }
    {
        BtfAssembler btf;
        btf.pointer(btf.variable("v", 0));
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 2: refers to type 1, which is none"));
    }
}

TEST(Btf, WhatContainsItselfIsRefused) {
    {
        BtfAssembler btf;
        btf.alias("a", 2);
        btf.alias("b", 1);
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 1 contains itself"));
    }
    {
        BtfAssembler btf;
        btf.structure("s", 8, {{"inner", 2, 0}});
        btf.array(1, 2);
        EXPECT_THAT(line(btf.blob()), HasSubstr("type 1 contains itself"));
    }
}

TEST(Btf, NestingIsBounded) {
    const auto nested = [](uint32_t depth) {
        BtfAssembler btf;
        auto inner = btf.integer("int", 4, 1);
        for (uint32_t i = 0; i < depth; ++i) inner = btf.structure("", 4, {{"", inner, 0}});
        return line(btf.blob());
    };
    EXPECT_THAT(nested(MAX_NESTING), IsEmpty());
    EXPECT_THAT(nested(MAX_NESTING + 1), HasSubstr("is nested deeper than 128"));
    // Outermost first in the file: the walk meets the depth itself, not what it already knows.
    BtfAssembler btf;
    for (TypeId id = 1; id <= MAX_NESTING + 1; ++id) btf.alias("a", id + 1);
    btf.integer("int", 4, 1);
    EXPECT_THAT(line(btf.blob()), HasSubstr("is nested deeper than 128"));
}

// Whatever is cut off or flipped: an error of one line, or a graph that can be walked whole.
void survives(const std::string& blob) {
    const auto graph = read(blob);
    if (!graph) {
        EXPECT_THAT(to_line(graph.error()), ::testing::Not(HasSubstr("\n")));
        EXPECT_EQ(exit_status(graph.error().code), DEFIB_EXIT_INPUT);
        return;
    }
    // Whatever comes of it: that it ends is what is asked.
    const auto layout = build_layout(*graph, Everything{}, "a.btf");
    if (!layout) EXPECT_EQ(exit_status(layout.error().code), DEFIB_EXIT_INPUT);
}

TEST(Btf, EveryTruncationIsAnError) {
    const std::string blob = everything().blob();
    for (size_t size = 0; size < blob.size(); ++size) {
        EXPECT_FALSE(read(blob.substr(0, size))) << size;
    }
}

TEST(Btf, EveryFlippedBitIsSurvived) {
    const std::string blob = everything().blob();
    for (size_t bit = 0; bit < blob.size() * 8; ++bit) {
        std::string flipped = blob;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        const auto graph = read(flipped);
        if (!graph && graph.error().code == DEFIB_ERROR_LAYOUT_BASE_NEEDED) continue;
        survives(flipped);
    }
}

}  // namespace
}  // namespace defib::layouts
