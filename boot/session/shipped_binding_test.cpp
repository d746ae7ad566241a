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
#include "boot/binder/policy_file.h"
#include "boot/find/needs.h"
#include "boot/session/session.h"
#include "boot/session/vocabulary.h"
#include "image/policy/compile.h"
#include "image/policy/default_policy.h"
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

// What the image has compiled of the policy that comes along is what a start would compile, and
// this kernel can serve all of it.
void expect_the_same_policy(const Manifest& manifest, const Bound& bound,
                            const std::string& binding) {
    const std::string_view text = routine_set().manifest;
    const std::string_view source = image::default_policy();
    const auto compiled =
        image::compile_whole_policy(source, "policy", vocabulary_of(manifest, text, &bound));
    ASSERT_TRUE(compiled) << to_line(compiled.error());
    const auto sources = PolicySources::of(as_bytes(source), as_bytes(text), as_bytes(binding));
    const std::string file = write_policy(sources, {compiled->table, compiled->notes});
    const auto read = read_policy(as_bytes(file), sources, manifest, "policy");
    ASSERT_TRUE(read) << to_line(read.error());
    EXPECT_EQ(std::memcmp(&read->table, &compiled->table, sizeof read->table), 0);
    EXPECT_EQ(read->notes, compiled->notes);
    EXPECT_FALSE(what_is_off(read->table, manifest, bound));
}

void expect_what_is_off_to_be_said(const Manifest& manifest, const Bound& made_for,
                                   const Bound& found) {
    const auto compiled =
        image::compile_whole_policy(image::default_policy(), "policy",
                                    vocabulary_of(manifest, routine_set().manifest, &made_for));
    ASSERT_TRUE(compiled);
    const auto off = what_is_off(compiled->table, manifest, found);
    ASSERT_TRUE(off);
    EXPECT_NE(off->find(" is off: "), std::string::npos) << *off;
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
        expect_the_same_policy(*manifest, *by_layout, file);
        // In a kernel in which no scratch memory was found, some of it cannot be served.
        const auto without = bind(*manifest, read->answers, TEXT, Scratch{});
        ASSERT_TRUE(without);
        expect_what_is_off_to_be_said(*manifest, *by_layout, *without);
        shipped++;
    }
    EXPECT_EQ(shipped, 6);
}

}  // namespace
}  // namespace defib::boot
