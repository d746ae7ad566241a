// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/manifest.h"

#include <gtest/gtest.h>

namespace defib::boot {
namespace {

constexpr std::string_view GOOD = R"({
 "schema": 1, "architecture": "x86_64",
 "slots": [
  {"slot": 0, "kind": "offset", "path": "task_struct.pid", "hops": [["task_struct", "pid"]],
   "class": "integer", "width": 4, "signed": true},
  {"slot": 1, "kind": "symbol", "path": "init_task"}],
 "fields": [{"field": 0, "path": "task_struct.flags", "class": "integer", "width": 4}],
 "records": [{"kind": 256, "name": "PsRow", "size": 16, "fields": [
   {"name": "pid", "offset": 0, "width": 4, "class": "integer", "signed": true},
   {"name": "comm", "offset": 4, "width": 1, "class": "character", "signed": true, "array": [12]}]}],
 "routines": [{"number": 0, "name": "ps_item", "kind": "view", "summary": "one process",
   "fuel": 500, "slots": [0, 1], "optional": [1], "stores": [], "collector": "tasks",
   "arguments": [{"name": "task", "type": "task_struct", "width": 8, "signed": false},
                 {"name": "pid", "type": "integer", "width": 4, "signed": true}],
   "then": "next", "observer": "look", "undo": "back",
   "reads": [{"path": "task_struct.pid"}], "first_argument": "task_struct"},
  {"number": 1, "name": "tasks"}, {"number": 2, "name": "next"}, {"number": 3, "name": "look"},
  {"number": 4, "name": "back"}]
})";

TEST(Manifest, HoldsWhatTheCompilerWrote) {
    const auto manifest = read_manifest(GOOD, "test");
    ASSERT_TRUE(manifest) << to_line(manifest.error());
    EXPECT_EQ(manifest->architecture, "x86_64");
    ASSERT_EQ(manifest->slots.size(), 2U);
    EXPECT_EQ(manifest->slots[0].hops[0].member, "pid");
    EXPECT_EQ(manifest->slots[0].width, 4U);
    EXPECT_TRUE(manifest->slots[0].is_signed);
    ASSERT_EQ(manifest->number_of("ps_item"), 0U);
    EXPECT_FALSE(manifest->number_of("ps"));
    const RoutineEntry& routine = manifest->routines[0];
    EXPECT_EQ(routine.fuel, 500U);
    EXPECT_EQ(routine.optional, std::vector<uint64_t>{1});
    EXPECT_EQ(routine.reads, std::vector<std::string>{"task_struct.pid"});
    EXPECT_EQ(routine.collector, "tasks");
    EXPECT_EQ(routine.then, "next");
    EXPECT_EQ(routine.observer, "look");
    EXPECT_EQ(routine.undo, "back");
    EXPECT_EQ(manifest->fields, std::vector<std::string>{"task_struct.flags"});
    // The object that the collector finds is not given by whoever acts.
    ASSERT_EQ(manifest->given_arguments(routine).size(), 1U);
    EXPECT_EQ(manifest->given_arguments(routine)[0].name, "pid");
    EXPECT_TRUE(manifest->given_arguments(routine)[0].is_signed);
    ASSERT_NE(manifest->record(256), nullptr);
    EXPECT_EQ(manifest->record(256)->size, 16U);
    EXPECT_EQ(manifest->record(257), nullptr);
}

TEST(Manifest, IsRefusedWithOneLineThatSaysWhy) {
    const auto with = [](std::string_view from, std::string_view to) {
        std::string text(GOOD);
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    const std::pair<std::string, std::string> cases[] = {
        {"[]", "is no object"},
        {"{", ""},
        {with("\"schema\": 1", "\"schema\": 2"), "schema"},
        {with("\"slot\": 1", "\"slot\": 5"), "not at its place"},
        {with("\"number\": 0", "\"number\": 3"), "not at its place"},
        {with("\"slots\": [0, 1]", "\"slots\": [0, 2]"), "unknown slot"},
        {with("\"fuel\": 500", "\"fuel\": -1"), "fuel"},
        {with("\"fuel\": 500", "\"fuel\": \"x\""), "fuel"},
        {with("\"then\": \"next\"", "\"then\": \"sheep\""), "names sheep"},
        {with("[\"task_struct\", \"pid\"]", "[\"task_struct\"]"), "hop"},
        {with("\"signed\": true", "\"signed\": 1"), "signed"},
    };
    for (const auto& [text, why] : cases) {
        const auto manifest = read_manifest(text, "test");
        ASSERT_FALSE(manifest) << text;
        EXPECT_EQ(exit_status(manifest.error().code), DEFIB_EXIT_INPUT);
        EXPECT_NE(manifest.error().detail.find(why), std::string::npos) << manifest.error().detail;
    }
}

}  // namespace
}  // namespace defib::boot
