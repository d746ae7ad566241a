// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A guard's answers: what is whole is understood, what is not is an error, wherever it breaks off.
#include "boot/commands/remote_told.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "boot/salvage/page_choice.h"
#include "engine/abi/record.h"
#include "image/policy/digest.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

constexpr std::string_view MANIFEST = "routines";

template <class T>
std::string bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

nlohmann::json a_session() {
    return {{"target", "vm:ram"},
            {"manifest", fmt::format("{:016x}", image::digest_of_manifest(MANIFEST))},
            {"flags", DEFIB_WINDOW_READ_ONLY},
            {"start_ns", 77},
            {"memory",
             {{"vmcoreinfo",
               "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff82000000\n"
               "SYMBOL(swapper_pg_dir)=ffffffff82010000\nSYMBOL(_stext)=ffffffff81000000\n"
               "NUMBER(phys_base)=0\nKERNELOFFSET=0\n"},
              {"text", 0xffffffff81000000},
              {"ranges", {{0x1000, 0x1000}, {0x100000, 0x100000}}},
              {"linear", {{0xffff888000000000, 0x200000, 0}, {0xffffffff81000000, 0x1000, 0}}}}},
            {"layout", layouts::to_json({})},
            {"names", {{2, 0, "a rule"}, {4, 1, "a detector"}}},
            {"off", nlohmann::json::array({nlohmann::json::array({"wake", "no scratch"})})}};
}

TEST(RemoteTold, ASessionIsWhatTheGuardSays) {
    const auto told = read_session(a_session().dump(), MANIFEST, "it");
    ASSERT_TRUE(told.has_value()) << to_line(told.error());
    EXPECT_EQ(told->target, "vm:ram");
    EXPECT_EQ(told->kernel.info.release(), "6.1.0");
    EXPECT_EQ(told->kernel.window.count, 2U);
    EXPECT_EQ(told->kernel.window.ranges[1].physical, 0x100000U);
    EXPECT_EQ(told->kernel.map.linear[1].first, 0xffffffff81000000U);
    EXPECT_EQ(told->names,
              (JournalNames{{{NameOf::rule, 0}, "a rule"}, {{NameOf::detector, 1}, "a detector"}}));
    EXPECT_EQ(told->off, (std::map<std::string, std::string>{{"wake", "no scratch"}}));
}

TEST(RemoteTold, ASessionThatCannotBeIsRefused) {
    EXPECT_FALSE(read_session(a_session().dump(), "other routines", "it"));
    EXPECT_FALSE(read_session("[]", MANIFEST, "it"));
    EXPECT_FALSE(read_session("{", MANIFEST, "it"));
    auto one = a_session();
    one["memory"]["ranges"] = {{0x100000, 0x100000}, {0x1000, 0x1000}};
    EXPECT_FALSE(read_session(one.dump(), MANIFEST, "it")) << "not in order";
    one["memory"]["ranges"] = {{0x1000, 0xfffffffffffffff0}};
    EXPECT_FALSE(read_session(one.dump(), MANIFEST, "it")) << "beyond all addresses";
    one = a_session();
    one["memory"]["linear"] = nlohmann::json::array();
    EXPECT_FALSE(read_session(one.dump(), MANIFEST, "it"));
    one = a_session();
    one["memory"]["vmcoreinfo"] = "nothing";
    EXPECT_FALSE(read_session(one.dump(), MANIFEST, "it"));
    one = a_session();
    one["layout"] = "{}";
    EXPECT_FALSE(read_session(one.dump(), MANIFEST, "it"));
}

std::string a_look(uint64_t value) {
    DefibRemoteSeen seen{};
    seen.command.kind = DEFIB_COMMAND_VIEW;
    seen.answer.records = {0xdead, 1, 24, 1, 0};
    return bytes_of(seen) + bytes_of(DefibRecordHeader{256, 12}) + bytes_of(value) +
           bytes_of(value);
}

TEST(RemoteTold, APictureIsWholeOrNone) {
    const std::string bytes = a_look(4711) + a_look(42);
    const auto looks = read_picture(bytes, "it");
    ASSERT_TRUE(looks.has_value());
    ASSERT_EQ(looks->size(), 2U);
    EXPECT_EQ((*looks)[1].records.size(), 24U);
    EXPECT_EQ((*looks)[0].answer.records.bytes, 0U) << "an address of the other side";
    for (size_t size = 1; size < bytes.size(); size++) {
        const auto part = read_picture(bytes.substr(0, size), "it");
        EXPECT_EQ(part.has_value(), size == bytes.size() / 2) << size;
    }
    std::string longer = a_look(1);
    const uint32_t size = 17;  // of a record, where 16 bytes are left
    std::memcpy(longer.data() + sizeof(DefibRemoteSeen) + 4, &size, sizeof size);
    EXPECT_FALSE(read_picture(longer, "it"));
}

TEST(RemoteTold, AJournalIsInOrder) {
    DefibJournalEntry one{};
    one.sequence = 5;
    DefibJournalEntry other = one;
    other.sequence = 9;
    EXPECT_EQ(read_entries(bytes_of(one) + bytes_of(other), "it")->size(), 2U);
    EXPECT_TRUE(read_entries("", "it")->empty());
    EXPECT_FALSE(read_entries(bytes_of(other) + bytes_of(one), "it"));
    EXPECT_FALSE(read_entries(bytes_of(one) + bytes_of(one), "it"));
    EXPECT_FALSE(read_entries(bytes_of(one).substr(1), "it"));
}

TEST(RemoteTold, APlanHasWhatIsThereAndNothingElse) {
    const auto told = read_repair(
        R"({"routine":"signal","about":"7 \u001b[2J","arguments":{"pid":7,"task":"x"},
            "stores":[{"field":"task_struct.flags","bytes":8,"old":1,"new":3},"nonsense"],
            "ways":[{"routine":"wake","text":"by memory"}],"dry_run":true,"done":true})",
        "it");
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->routine, "signal");
    EXPECT_FALSE(told->about.contains('\033')) << "a terminal obeys it";
    EXPECT_EQ(told->arguments.size(), 2U);
    EXPECT_EQ(told->stores.size(), 2U);
    EXPECT_EQ(told->stores[0].new_value, 3U);
    EXPECT_TRUE(told->is_look);
    EXPECT_FALSE(read_repair("done: the effect is there\n", "it"));
    EXPECT_FALSE(read_repair("{}", "it"));
}

TEST(RemoteTold, PagesAreAsManyAsWereAskedFor) {
    DefibRemotePages head{};
    head.came[0] = 0b101;
    const std::string pages(2 * DUMP_PAGE, 'x');
    EXPECT_EQ(read_pages(bytes_of(head) + pages, 3, "it")->pages.size(), pages.size());
    EXPECT_FALSE(read_pages(bytes_of(head) + pages, 2, "it")) << "the third was not asked for";
    EXPECT_FALSE(read_pages(bytes_of(head) + pages + "x", 3, "it"));
    EXPECT_FALSE(read_pages(bytes_of(head), 3, "it"));
    EXPECT_FALSE(read_pages("", 3, "it"));
    head.came[15] = uint64_t{1} << 63;
    EXPECT_TRUE(read_pages(bytes_of(head) + pages + pages.substr(DUMP_PAGE), 1024, "it"));
    EXPECT_FALSE(read_pages(bytes_of(head) + pages + pages.substr(DUMP_PAGE), 1023, "it"));
}

TEST(RemoteTold, MemoryIsGivenWithinARangeAlone) {
    DefibWindow window{};
    window.count = 2;
    window.ranges[0] = {.physical = 0x1000, .size = 0x9f000, .backend = 0x10000000};
    window.ranges[1] = {.physical = 0x100000, .size = 0x1f00000, .backend = 0x20000000};
    const auto size = [&](uint64_t address, uint32_t pages, uint32_t level = 0) {
        return pages_asked_for(window, {address, pages, level}).size();
    };
    EXPECT_EQ(size(0x1000, 0x9f), 0x9f000U);
    EXPECT_EQ(size(0x1000, 0xa0), 0U) << "one page too many";
    EXPECT_EQ(size(0, 2), 0U) << "begins before it";
    EXPECT_EQ(size(0xa0000, 1), 0U) << "a hole";
    EXPECT_EQ(size(0x100000, 768), 768 * DUMP_PAGE);
    EXPECT_EQ(size(0x100000, 769), 0U) << "over the end of its block";
    EXPECT_EQ(size(0x100001, 1), 0U) << "not a page's";
    EXPECT_EQ(size(~uint64_t{0xfff}, 1), 0U);
    EXPECT_EQ(size(0x100000, 1, 32), 0U) << "no such level";
    EXPECT_EQ(size(0x100000, 0), 0U);
}

}  // namespace
}  // namespace defib::boot
