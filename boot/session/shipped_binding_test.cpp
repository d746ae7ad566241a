// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What an image brings ready made against what is made from the JSON: for every layout that is
// shipped, and all routines that are compiled in, the same binding.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "boot/binder/bind.h"
#include "boot/binder/binding_file.h"
#include "boot/find/needs.h"
#include "boot/session/session.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

constexpr uint64_t TEXT = 0xffffffff9a200000;
constexpr Scratch SCRATCH{.address = 0xffff888012345000, .size = 2048};

void expect_the_same(const Bound& one, const Bound& other) {
    ASSERT_EQ(one.binding.count, other.binding.count);
    EXPECT_EQ(std::memcmp(one.binding.values, other.binding.values, sizeof one.binding.values), 0);
    ASSERT_EQ(one.routines.size(), other.routines.size());
    for (size_t i = 0; i < one.routines.size(); i++) {
        const BoundRoutine& a = one.routines[i];
        const BoundRoutine& b = other.routines[i];
        EXPECT_EQ(std::memcmp(&a.routine, &b.routine, sizeof a.routine), 0) << i;
        EXPECT_EQ(a.why_off, b.why_off);
        EXPECT_EQ(a.picture_offset, b.picture_offset);
        EXPECT_EQ(a.picture_size, b.picture_size);
    }
}

TEST(ShippedBindings, AreWhatTheLayoutsGive) {
    const std::string_view text = routine_set().manifest;
    const auto manifest = read_manifest(text, "manifest");
    ASSERT_TRUE(manifest);
    layouts::Wanted to_find;
    want_to_find(to_find);
    int shipped = 0;
    for (const auto& entry : std::filesystem::directory_iterator(DEFIB_SHIPPED_LAYOUTS)) {
        SCOPED_TRACE(entry.path());
        const auto json = MappedFile::open(entry.path());
        ASSERT_TRUE(json);
        const auto layout = layouts::read_layout(as_text(json->bytes()), entry.path().string());
        ASSERT_TRUE(layout);
        const auto answers = answers_of(*manifest, *layout);
        ASSERT_TRUE(answers);
        const auto sources = BindingSources::of(as_bytes(text), json->bytes());
        const std::string file = write_binding(sources, *layout, to_find, *answers);
        const auto read = read_binding(as_bytes(file), sources, "binding");
        ASSERT_TRUE(read) << to_line(read.error());
        EXPECT_EQ(read->answers, *answers);
        EXPECT_EQ(read->layout.symbols.size(), to_find.symbols.size()) << "one is not in the JSON";
        EXPECT_EQ(read->layout.structs.size(), to_find.structs.size());
        EXPECT_LT(file.size(), json->bytes().size() * 2);
        const auto by_layout = bind(*manifest, *layout, TEXT, SCRATCH);
        const auto by_file = bind(*manifest, read->answers, TEXT, SCRATCH);
        ASSERT_TRUE(by_layout && by_file);
        expect_the_same(*by_layout, *by_file);
        shipped++;
    }
    EXPECT_EQ(shipped, 6);
}

}  // namespace
}  // namespace defib::boot
