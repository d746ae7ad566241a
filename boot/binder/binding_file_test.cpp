// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/binding_file.h"

#include <gtest/gtest.h>

#include "boot/binder/bind.h"

namespace defib::boot {
namespace {

using layouts::Layout;

Layout made_up_layout() {
    Layout layout;
    layout.kernel.architecture = "x86_64";
    layout.kernel.release = "6.1.0-test";
    layout.kernel.banner = "Linux version 6.1.0-test";
    layout.symbols["init_task"] = {0x1000, false, 0};
    layout.symbols["runqueues"] = {0x33100, true, 0};
    layouts::LayoutMember pid;
    pid.name = "pid";
    pid.offset = 0x10;
    pid.size = 4;
    pid.is_signed = true;
    layouts::LayoutMember comm;
    comm.name = "comm";
    comm.offset = 0x20;
    layout.structs["task_struct"] = {.size = 0x80, .members = {pid, comm}};
    return layout;
}

Manifest made_up_manifest() {
    Manifest manifest;
    manifest.architecture = "x86_64";
    for (const auto& [kind, path] : {std::pair{"symbol", "init_task"},
                                     {"symbol", "runqueues"},
                                     {"size", "task_struct"},
                                     {"constant", "NOT_THERE"},
                                     {"scratch", "address"}}) {
        Slot slot;
        slot.kind = kind;
        slot.path = path;
        manifest.slots.push_back(std::move(slot));
        RoutineEntry entry;
        entry.name = std::string("asks_for_") + path;
        entry.slots = {manifest.slots.size() - 1};
        manifest.routines.push_back(std::move(entry));
    }
    return manifest;
}

struct BindingFileTest : ::testing::Test {
    BindingFileTest() {
        to_find.symbols.insert("init_task");
        to_find.structs["task_struct"].insert("pid");
        sources = BindingSources::of(as_bytes(std::string_view("manifest")),
                                     as_bytes(std::string_view("layout")));
        file = write_binding(sources, layout, to_find, *answers_of(manifest, layout));
    }

    Layout layout = made_up_layout();
    Manifest manifest = made_up_manifest();
    layouts::Wanted to_find;
    BindingSources sources;
    std::string file;
};

TEST_F(BindingFileTest, BindsAsTheLayoutDoes) {
    const auto read = read_binding(as_bytes(file), sources, "binding");
    ASSERT_TRUE(read) << to_line(read.error());
    EXPECT_EQ(read->layout.kernel.banner, layout.kernel.banner);
    EXPECT_EQ(read->layout.symbols.size(), 1U) << "what finding a kernel takes, and no more";
    EXPECT_EQ(read->layout.structs.at("task_struct").find("pid")->offset, 0x10U);
    EXPECT_EQ(read->layout.structs.at("task_struct").find("comm"), nullptr);
    for (const Scratch& scratch : {Scratch{}, Scratch{0x1000, 64}}) {
        const auto by_layout = bind(manifest, layout, 0xffffffff81000000, scratch);
        const auto by_file = bind(manifest, read->answers, 0xffffffff81000000, scratch);
        ASSERT_TRUE(by_layout && by_file);
        for (size_t i = 0; i < manifest.slots.size(); i++) {
            EXPECT_EQ(by_file->binding.values[i], by_layout->binding.values[i]) << i;
            EXPECT_EQ(by_file->routines[i].why_off, by_layout->routines[i].why_off) << i;
        }
    }
}

TEST_F(BindingFileTest, IsTakenForNoOtherManifestOrLayout) {
    BindingSources other = sources;
    other.manifest[0] ^= 1;
    const auto manifests = read_binding(as_bytes(file), other, "binding");
    ASSERT_FALSE(manifests);
    EXPECT_NE(to_line(manifests.error()).find("another manifest"), std::string::npos);
    other = sources;
    other.layout[31] ^= 0x80;
    const auto layouts = read_binding(as_bytes(file), other, "binding");
    ASSERT_FALSE(layouts);
    EXPECT_NE(to_line(layouts.error()).find("another layout"), std::string::npos);
}

TEST_F(BindingFileTest, IsReadWholeOrNotAtAll) {
    for (size_t size = 0; size < file.size(); size++) {
        EXPECT_FALSE(read_binding(as_bytes(file.substr(0, size)), sources, "binding")) << size;
    }
    EXPECT_FALSE(read_binding(as_bytes(file + "x"), sources, "binding"));
}

TEST_F(BindingFileTest, ClaimsNoMemory) {
    std::string endless = file.substr(0, 80);
    endless += std::string(12, '\xff');
    EXPECT_FALSE(read_binding(as_bytes(endless), sources, "binding"));
}

TEST_F(BindingFileTest, OfAnotherManifestsSizeBindsToNothing) {
    const auto read = read_binding(as_bytes(file), sources, "binding");
    ASSERT_TRUE(read);
    manifest.slots.pop_back();
    EXPECT_FALSE(bind(manifest, read->answers, 0, Scratch{}));
}

}  // namespace
}  // namespace defib::boot
