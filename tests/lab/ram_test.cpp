// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where in the RAM file a physical address lies, proved twice: by QEMU's own map of sizes on both
// sides of the split, and by a guest that says where it put its marks.
#include <gtest/gtest.h>

#include <cstring>
#include <regex>
#include <sstream>

#include "engine/base/file.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

namespace defib::lab {
namespace {

uint64_t hex(const std::string& text) {
    return std::stoull(text, nullptr, 16);
}

std::optional<uint64_t> file_offset(const std::vector<RamRange>& ranges, uint64_t physical) {
    for (const RamRange& range : ranges) {
        const uint64_t at = physical - range.guest_physical;
        if (physical >= range.guest_physical && at < range.length) return range.file_offset + at;
    }
    return std::nullopt;
}

class RamRanges : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RamRanges, AreThoseOfQemu) {
    const std::string megabytes = std::to_string(GetParam());
    auto map = run_host_program({"sh", "-c",
                                 "printf 'info mtree -f\\nquit\\n' | qemu-system-x86_64 -S "
                                 "-nodefaults -display none -machine q35 -monitor stdio -m " +
                                     megabytes + "M"});
    ASSERT_TRUE(ok(map));
    const auto ranges = ram_ranges_of(GetParam() << 20);
    // Below 1 MiB, and where SMM keeps its own, the machine shows something else than RAM at times:
    // what is asked is that each piece of RAM that it does show lies where we say.
    const std::regex piece(
        "([0-9a-f]{16})-([0-9a-f]{16}) \\(prio [-0-9]+, ram\\): pc.ram"
        "( @([0-9a-f]{16}))?");
    uint64_t shown_end = 0;
    size_t pieces = 0;
    for (std::sregex_iterator at(map->begin(), map->end(), piece), end; at != end; ++at) {
        const uint64_t first = hex((*at)[1]);
        const uint64_t last = hex((*at)[2]);
        const uint64_t offset = (*at)[4].matched ? hex((*at)[4]) : 0;
        EXPECT_EQ(file_offset(ranges, first), offset) << at->str();
        EXPECT_EQ(file_offset(ranges, last), offset + (last - first)) << at->str();
        shown_end = std::max(shown_end, last + 1);
        ++pieces;
    }
    EXPECT_GT(pieces, 0U) << *map;
    EXPECT_EQ(shown_end, ranges.back().guest_physical + ranges.back().length);
}

// 2816 MB is the first size that is split.
INSTANTIATE_TEST_SUITE_P(Lab, RamRanges, ::testing::Values(256, 2815, 2816, 3072, 6144));

TEST(RamFile, HoldsWhatTheGuestHasAtThatPhysicalAddress) {
    GuestUnderTest guest({.ram_megabytes = 4096});
    ASSERT_TRUE(guest.is_up());
    const auto ranges = guest->ram_ranges();

    auto resources = guest->read_file("/proc/iomem");
    ASSERT_TRUE(ok(resources));
    const std::regex system_ram("([0-9a-f]+)-([0-9a-f]+) : System RAM");
    size_t found = 0;
    for (std::sregex_iterator at(resources->begin(), resources->end(), system_ram), end; at != end;
         ++at, ++found) {
        EXPECT_TRUE(file_offset(ranges, hex((*at)[1]))) << at->str();
        EXPECT_TRUE(file_offset(ranges, hex((*at)[2]))) << at->str();
    }
    EXPECT_GE(found, 3U);

    // A user's page comes from the upper zone first; 1024 of them are enough to be sure.
    auto pid = guest->start({"sh", "-c", "sleep 1000 | /agent hold 1024"});
    ASSERT_TRUE(ok(pid));
    ASSERT_TRUE(ok(guest->wait_for(
        "marked pages", [&] { return guest->state_of(*pid)->out.ends_with("end\n"); },
        Guest::PATIENCE)));
    auto memory = MappedFile::open(guest->ram_file());
    ASSERT_TRUE(ok(memory));
    std::istringstream lines(guest->state_of(*pid)->out);
    size_t above = 0;
    for (std::string line; std::getline(lines, line) && line != "end";) {
        const uint64_t physical = hex(line);
        if (physical >= (uint64_t{4} << 30)) ++above;
        const auto offset = file_offset(ranges, physical);
        ASSERT_TRUE(offset) << line;
        uint64_t words[512];
        std::memcpy(words, memory->bytes().data() + *offset, sizeof(words));
        EXPECT_EQ(words[0], physical ^ ~uint64_t{0}) << line;
        EXPECT_EQ(words[511], physical ^ ~uint64_t{511}) << line;
    }
    EXPECT_GT(above, 0U);
}

}  // namespace
}  // namespace defib::lab
