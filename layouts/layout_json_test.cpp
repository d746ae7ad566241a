// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/layout_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace defib::layouts {
namespace {

using ::testing::HasSubstr;

LayoutMember pointer(std::string name, uint64_t offset, std::string target) {
    LayoutMember member;
    member.name = std::move(name);
    member.offset = offset;
    member.size = 8;
    member.kind = MemberKind::pointer;
    member.type = target;
    member.target = std::move(target);
    member.depth = 1;
    return member;
}

Layout sample() {
    Layout layout;
    layout.kernel.architecture = "x86_64";
    layout.kernel.release = "6.1.0-56-amd64";
    layout.kernel.banner = "Linux version 6.1 (gcc \"12\")";
    layout.kernel.smp = true;
    layout.kernel.page_table_levels = {4, 5};
    LayoutStruct& list = layout.structs["list_head"];
    list.size = 16;
    list.members = {pointer("next", 0, "list_head"), pointer("prev", 8, "list_head")};
    LayoutStruct& task = layout.structs["task"];
    task.size = 64;
    task.is_partial = true;
    LayoutMember pid;
    pid.name = "pid";
    pid.offset = 4;
    pid.size = 4;
    pid.is_signed = true;
    pid.type = "pid_t";
    LayoutMember bits;
    bits.name = "in_iowait";
    bits.offset = 8;
    bits.size = 4;
    bits.bit_size = 1;
    bits.bit_offset = 3;
    LayoutMember comm;
    comm.name = "comm";
    comm.offset = 16;
    comm.size = 16;
    comm.kind = MemberKind::character;
    comm.is_signed = true;
    comm.array = {16};
    comm.is_shared = true;
    task.members = {pid, bits, comm};
    layout.enums["pid_type"] = {4, false, {{"PIDTYPE_PID", 0}, {"PIDTYPE_MAX", 4}}};
    layout.enums["wide"] = {8, false, {{"TOP", -1}}};
    layout.enums["sign"] = {4, true, {{"BELOW", -1}}};
    layout.constants["TIF_SIGPENDING"] = {2, "headers: asm/thread_info.h"};
    layout.symbols["init_task"] = {0x1a0c940, false};
    layout.symbols["runqueues"] = {0x2ab80, true};
    return layout;
}

constexpr std::string_view SAMPLE = R"json({
"schema":1,
"kernel":{"architecture":"x86_64","release":"6.1.0-56-amd64","banner":"Linux version 6.1 (gcc \"12\")","smp":true,"page_table_levels":[4,5]},
"structs":{
"list_head":{"size":16,"members":{
"next":{"offset":0,"size":8,"kind":"pointer","target":"list_head"},
"prev":{"offset":8,"size":8,"kind":"pointer","target":"list_head"}}},
"task":{"size":64,"partial":true,"members":{
"pid":{"offset":4,"size":4,"signed":true,"type":"pid_t"},
"in_iowait":{"offset":8,"size":4,"bit_offset":3,"bit_size":1},
"comm":{"offset":16,"size":16,"kind":"char","signed":true,"array":[16],"shared":true}}}},
"enums":{
"pid_type":{"size":4,"values":{"PIDTYPE_PID":0,"PIDTYPE_MAX":4}},
"sign":{"size":4,"signed":true,"values":{"BELOW":-1}},
"wide":{"size":8,"values":{"TOP":18446744073709551615}}},
"constants":{
"headers: asm/thread_info.h":{"TIF_SIGPENDING":2}},
"symbols":{
"offset":{
"init_task":27314496},
"absolute":{
"runqueues":174976}}}
)json";

TEST(LayoutJson, OneLayoutHasOneText) {
    EXPECT_EQ(to_json(sample()), SAMPLE);
}

TEST(LayoutJson, WhatIsWrittenIsReadBack) {
    const auto layout = read_layout(SAMPLE, "a.json");
    ASSERT_TRUE(layout) << to_line(layout.error());
    EXPECT_EQ(*layout, sample());
}

TEST(LayoutJson, TheRoomOfASymbolIsWrittenWhereItIsKnown) {
    Layout layout = sample();
    layout.symbols["init_task"].room = 9728;
    const std::string text = to_json(layout);
    EXPECT_TRUE(text.contains("\"room\":{\n\"init_task\":9728}}}"));
    const auto back = read_layout(text, "a.json");
    ASSERT_TRUE(back) << to_line(back.error());
    EXPECT_EQ(*back, layout);
}

TEST(LayoutJson, AnEmptyLayoutIsOne) {
    const auto layout = read_layout(to_json(Layout{}), "a.json");
    ASSERT_TRUE(layout);
    EXPECT_EQ(*layout, Layout{});
}

TEST(LayoutJson, ABannerFromDamagedMemoryIsStillJson) {
    Layout layout;
    layout.kernel.banner = "Linux\x01\xff";
    EXPECT_THAT(to_json(layout), HasSubstr(R"("Linux\u0001\u00ff")"));
}

// The sample with one thing changed.
std::string with(std::string_view from, std::string_view to) {
    std::string text(SAMPLE);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

std::string line(const std::string& text) {
    const auto layout = read_layout(text, "a.json");
    if (layout) return {};
    EXPECT_EQ(exit_status(layout.error().code), DEFIB_EXIT_INPUT);
    return to_line(layout.error());
}

TEST(LayoutJson, ViolationsAreNamedWithTheirPlace) {
    EXPECT_EQ(line(with("\"schema\":1", "\"schema\":2")),
              "a.json: not a layout: its schema version is not 1, which this defib reads");
    EXPECT_EQ(line(with("\"schema\":1,", "")), "a.json: not a layout: 'schema' is missing");
    EXPECT_EQ(line(with("\"partial\"", "\"surprise\"")),
              "a.json: not a layout: structs.task.surprise: is not a key that is known here");
    EXPECT_EQ(line(with("\"offset\":4,", "")),
              "a.json: not a layout: structs.task.members.pid: 'offset' is missing");
    EXPECT_EQ(line(with("\"offset\":4,", "\"offset\":-4,")),
              "a.json: not a layout: structs.task.members.pid.offset: is not from 0 to "
              "281474976710656");
    EXPECT_EQ(line(with("\"offset\":4,", "\"offset\":40,")),
              "a.json: not a layout: structs.task.members.in_iowait: is out of order");
    EXPECT_EQ(line(with("\"char\"", "\"wchar\"")),
              "a.json: not a layout: structs.task.members.comm.kind: is no kind that is known");
    EXPECT_EQ(line(with("[16]", "[]")),
              "a.json: not a layout: structs.task.members.comm.array: is no list of dimensions");
    EXPECT_EQ(line(with("\"bit_size\":1", "\"bit_size\":30")),
              "a.json: not a layout: structs.task.members.in_iowait: is a bit-field that its unit "
              "does not hold");
    EXPECT_EQ(line(with(",\"bit_size\":1", "")),
              "a.json: not a layout: structs.task.members.in_iowait: has a bit offset, but no bit "
              "size");
    EXPECT_EQ(line(with("\"type\":\"pid_t\"", "\"depth\":2")),
              "a.json: not a layout: structs.task.members.pid: has a depth, but is no pointer");
    EXPECT_EQ(line(with("\"pid_t\"", "\"p\\u001bd\"")),
              "a.json: not a layout: structs.task.members.pid.type: holds characters that are not "
              "printable ASCII");
    EXPECT_EQ(line(with("\"PIDTYPE_PID\":0", "\"PIDTYPE_PID\":-1")),
              "a.json: not a layout: enums.pid_type.values.PIDTYPE_PID: is negative");
    EXPECT_EQ(line(with("27314496", "9223372036854775808")),
              "a.json: not a layout: symbols.offset.init_task: is no number of 64 bits with sign");
    EXPECT_EQ(line(with("\"runqueues\"", "\"init_task\"")),
              "a.json: not a layout: symbols.absolute.init_task: has two places");
    EXPECT_EQ(line(with("174976}}", "174976},\"room\":{\"nothing\":8}}")),
              "a.json: not a layout: symbols.room.nothing: has a room and no place");
    EXPECT_EQ(line(with("\"x86_64\"", "\"\"")),
              "a.json: not a layout: kernel.architecture: is no text");
    EXPECT_EQ(line(with("[4,5]", "[4,9]")),
              "a.json: not a layout: kernel.page_table_levels: has a level not from 2 to 5");
    EXPECT_EQ(line(with("true", "1")),
              "a.json: not a layout: kernel.smp: is neither true nor false");
}

TEST(LayoutJson, WhatIsNoJsonIsRefused) {
    EXPECT_THAT(line(""), HasSubstr("no JSON from byte"));
    EXPECT_THAT(line("[1]"), HasSubstr("is no object"));
    EXPECT_THAT(line(std::string(SAMPLE) + "x"), HasSubstr("no JSON from byte"));
    EXPECT_THAT(line(with("27314496", "1.5")), HasSubstr("the number 1.5 is not whole"));
    EXPECT_THAT(line(with("\"prev\"", "\"next\"")), HasSubstr("'next' is there twice"));
    EXPECT_THAT(line(with("\"prev\"", "\"p\\n\"")), HasSubstr("a key is not printable ASCII"));
    EXPECT_THAT(line(std::string(100000, '[')), HasSubstr("nested deeper than 16"));
    EXPECT_THAT(line("{\"a\":\"\xff\"}"), HasSubstr("no JSON from byte"));
}

TEST(LayoutJson, EveryTruncationIsAnError) {
    // Without the last byte, a line end, it is still whole.
    for (size_t size = 0; size + 1 < SAMPLE.size(); ++size) {
        EXPECT_FALSE(read_layout(SAMPLE.substr(0, size), "a.json")) << size;
    }
}

}  // namespace
}  // namespace defib::layouts
