// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A layout found in a machine's memory alone is, byte for byte, the one of its kernel's file.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "layouts/extract.h"
#include "layouts/layout_json.h"
#include "tests/lab/guest.h"

namespace defib::layouts {
namespace {

std::string layout_of(const std::filesystem::path& input) {
    const auto layout =
        extract_layout(input, {.selection = Everything{}, .headers = {}, .read = {}});
    return layout ? to_json(*layout) : to_line(layout.error());
}

blkcnt_t blocks_of(const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? status.st_blocks : -1;
}

TEST(MemoryImage, GivesTheSameLayoutAsTheFileOfItsKernel) {
    auto guest = lab::Guest::boot({.kernel = "6.1", .ram_megabytes = 512});
    ASSERT_TRUE(guest.has_value()) << to_line(guest.error());
    const std::string expected = layout_of(guest->kernel().image());
    ASSERT_TRUE(expected.starts_with("{")) << expected;

    // While it runs.
    EXPECT_EQ(layout_of(guest->ram_file()), expected);

    // As an ELF dump.
    const std::filesystem::path dump = testing::TempDir() + "defib-memory-image-test.core";
    const auto dumped =
        guest->qmp("dump-guest-memory", {{"paging", false}, {"protocol", "file:" + dump.string()}});
    ASSERT_TRUE(dumped.has_value()) << to_line(dumped.error());
    EXPECT_EQ(layout_of(dump), expected);
    std::filesystem::remove(dump);
}

// Above 2.75 GiB a q35 machine's RAM file is split around the hole for devices.
TEST(MemoryImage, KnowsSplitMemoryFiveLevelTablesAndLeavesHolesAlone) {
    auto guest =
        lab::Guest::boot({.kernel = "6.12", .ram_megabytes = 4096, .five_level_paging = true});
    ASSERT_TRUE(guest.has_value()) << to_line(guest.error());
    const std::string expected = layout_of(guest->kernel().image());
    ASSERT_TRUE(guest->qmp("stop").has_value());

    const auto before = blocks_of(guest->ram_file());
    EXPECT_EQ(layout_of(guest->ram_file()), expected);
    // One page: the first, which was looked at to see what kind of file this is.
    EXPECT_LE(blocks_of(guest->ram_file()), before + 8);
    EXPECT_LT(before * 512, int64_t{2} << 30) << "the file has no holes: this tests nothing";
}

}  // namespace
}  // namespace defib::layouts
