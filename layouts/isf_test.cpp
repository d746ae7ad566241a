// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/isf.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace defib::layouts {
namespace {

using nlohmann::json;

LayoutMember member(const std::string& name, uint64_t offset, uint64_t size, MemberKind kind) {
    LayoutMember made;
    made.name = name;
    made.offset = offset;
    made.size = size;
    made.kind = kind;
    return made;
}

LayoutMember pointer(const std::string& name, const std::string& target, uint32_t depth = 1) {
    LayoutMember made = member(name, 0, 8, MemberKind::pointer);
    made.type = target;
    made.target = target;
    made.depth = depth;
    return made;
}

class Isf : public ::testing::Test {
  protected:
    // The exported type of a member that is alone in its structure.
    json type_of(const LayoutMember& only) {
        layout_.structs["s"] = {.size = 64, .is_union = false, .members = {only}};
        return exported().at("user_types").at("s").at("fields").at(only.name).at("type");
    }
    json exported() {
        const auto text = to_isf(layout_, "test");
        EXPECT_TRUE(text) << (text ? "" : to_line(text.error()));
        return text ? json::parse(*text) : json();
    }

    Layout layout_;
};

json base(const char* name) {
    return {{"kind", "base"}, {"name", name}};
}

json pointer_to(json subtype) {
    return {{"kind", "pointer"}, {"subtype", std::move(subtype)}};
}

TEST_F(Isf, NamesIntegersBySizeAndSign) {
    LayoutMember number = member("a", 0, 8, MemberKind::integer);
    EXPECT_EQ(type_of(number), base("long unsigned int"));
    number.is_signed = true;
    EXPECT_EQ(type_of(number), base("long int"));
    EXPECT_EQ(type_of(member("a", 0, 1, MemberKind::boolean)), base("_Bool"));
    EXPECT_EQ(type_of(member("a", 0, 1, MemberKind::character)), base("char"));
    EXPECT_EQ(type_of(member("a", 0, 16, MemberKind::integer)),
              json({{"kind", "array"}, {"count", 16}, {"subtype", base("unsigned char")}}));
}

TEST_F(Isf, HasTheTwoBaseTypesThatVolatilityAsksForByName) {
    const json types = exported().at("base_types");
    EXPECT_EQ(types.at("pointer").at("size"), 8);
    EXPECT_EQ(types.at("void").at("kind"), "void");
}

TEST_F(Isf, APointerSaysWhatItPointsToWhereTheLayoutKnows) {
    layout_.structs["task_struct"] = {.size = 8, .is_union = false, .members = {}};
    EXPECT_EQ(type_of(pointer("a", "task_struct")),
              pointer_to({{"kind", "struct"}, {"name", "task_struct"}}));
    EXPECT_EQ(type_of(pointer("a", "never_defined")), pointer_to(base("void")));
    EXPECT_EQ(type_of(pointer("a", "char", 2)), pointer_to(pointer_to(base("char"))));
    EXPECT_EQ(type_of(pointer("a", "")), pointer_to(base("void")));
    EXPECT_EQ(type_of(member("a", 0, 8, MemberKind::function)), pointer_to({{"kind", "function"}}));
}

TEST_F(Isf, ATypedefBehindAPointerIsWhatItsOtherMembersAre) {
    LayoutMember plain = member("pid", 0, 4, MemberKind::integer);
    plain.type = "pid_t";
    plain.is_signed = true;
    layout_.structs["other"] = {.size = 4, .is_union = false, .members = {plain}};
    EXPECT_EQ(type_of(pointer("a", "pid_t")), pointer_to(base("int")));
}

TEST_F(Isf, ArraysNestFromTheOutermostDimension) {
    LayoutMember array = member("a", 0, 24, MemberKind::integer);
    array.array = {2, 3};
    const json inner = {{"kind", "array"}, {"count", 3}, {"subtype", base("unsigned int")}};
    EXPECT_EQ(type_of(array), json({{"kind", "array"}, {"count", 2}, {"subtype", inner}}));
    array.array = {0};
    array.size = 0;
    EXPECT_EQ(type_of(array).at("count"), 0);
}

TEST_F(Isf, ABitFieldLiesInAnIntegerThatHoldsIt) {
    LayoutMember bits = member("a", 4, 4, MemberKind::integer);
    bits.bit_size = 3;
    bits.bit_offset = 9;
    EXPECT_EQ(type_of(bits), json({{"kind", "bitfield"},
                                   {"bit_position", 9},
                                   {"bit_length", 3},
                                   {"type", base("unsigned int")}}));
    bits.size = 5;
    bits.bit_size = 25;
    EXPECT_EQ(type_of(bits).at("type"), base("long unsigned int"));
}

TEST_F(Isf, AnEnumerationIsNamedWhereTheLayoutHasIt) {
    LayoutMember state = member("a", 0, 4, MemberKind::enumeration);
    state.type = "state";
    EXPECT_EQ(type_of(state), base("unsigned int"));
    layout_.enums["state"] = {
        .size = 4, .is_signed = false, .values = {{"ON", 1}, {"ALL", 0xffffffff}}};
    EXPECT_EQ(type_of(state), json({{"kind", "enum"}, {"name", "state"}}));
    EXPECT_EQ(exported().at("enums").at("state"),
              json({{"size", 4},
                    {"base", "unsigned int"},
                    {"constants", {{"ON", 1}, {"ALL", 4294967295}}}}));
}

TEST_F(Isf, AMemberWithoutATypeNameGetsARecordOfItsOwn) {
    const LayoutMember outer = member("lru_gen", 8, 16, MemberKind::structure);
    const LayoutMember inner = member("lru_gen.seq", 12, 4, MemberKind::integer);
    const LayoutMember alone = member("gone.seq", 32, 4, MemberKind::integer);
    layout_.structs["s"] = {.size = 64, .is_union = false, .members = {outer, inner, alone}};
    const json types = exported().at("user_types");
    EXPECT_EQ(types.at("s").at("fields").at("lru_gen").at("type"),
              json({{"kind", "struct"}, {"name", "s.lru_gen"}}));
    EXPECT_EQ(types.at("s.lru_gen").at("size"), 16);
    EXPECT_EQ(types.at("s.lru_gen").at("fields").at("seq").at("offset"), 4);
    EXPECT_EQ(types.at("s").at("fields").at("gone.seq").at("offset"), 32);
}

TEST_F(Isf, AStructureThatTheLayoutLeavesOutKeepsItsSize) {
    LayoutMember lock = member("a", 0, 48, MemberKind::structure);
    lock.target = "spinlock";
    lock.array = {2};
    type_of(lock);
    EXPECT_EQ(exported().at("user_types").at("spinlock"),
              json({{"kind", "struct"}, {"size", 24}, {"fields", json::object()}}));
}

TEST_F(Isf, SymbolsAreWhereTheKernelWasLinkedAndTheBannerIsItsBytes) {
    layout_.kernel.banner = "Linux version 6";
    layout_.structs["task_struct"] = {.size = 8, .is_union = false, .members = {}};
    layout_.symbols = {{"init_task", {0x100, false}},
                       {"linux_banner", {0x200, false}},
                       {"runqueues", {0x1f000, true}}};
    const json symbols = exported().at("symbols");
    EXPECT_EQ(symbols.at("init_task").at("address"), 0xffffffff81000100);
    EXPECT_EQ(symbols.at("init_task").at("type").at("name"), "task_struct");
    EXPECT_EQ(symbols.at("runqueues").at("address"), 0x1f000);
    EXPECT_EQ(symbols.at("linux_banner").at("constant_data"), "TGludXggdmVyc2lvbiA2CgA=");
}

TEST_F(Isf, SaysNothingThatTheFormatDoesNotKnow) {
    layout_.kernel.release = "6.1.0";
    layout_.kernel.btf_digest = "sha256:00ff";
    layout_.constants["TASK_DEAD"] = {.value = 0x80, .source = "x"};
    const json file = exported();
    EXPECT_EQ(file.size(), 5U);
    EXPECT_EQ(file.at("metadata").at("format"), "6.2.0");
    EXPECT_EQ(file.at("metadata").at("linux").at("types").at(0),
              json({{"name", "6.1.0"}, {"hash_type", "sha256"}, {"hash_value", "00ff"}}));
}

TEST_F(Isf, ALayoutThatPutsAMemberBeforeWhatHoldsItIsRefused) {
    layout_.structs["s"] = {.size = 64,
                            .is_union = false,
                            .members = {member("a.b", 0, 4, MemberKind::integer),
                                        member("a", 8, 16, MemberKind::structure)}};
    const auto text = to_isf(layout_, "layout.json");
    ASSERT_FALSE(text);
    EXPECT_EQ(exit_status(text.error().code), DEFIB_EXIT_INPUT);
}

}  // namespace
}  // namespace defib::layouts
