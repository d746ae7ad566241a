// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The table against the headers of Debian's kernels: differences zero, in both directions.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "layouts/constants/constants.h"

namespace defib::layouts {
namespace {

namespace fs = std::filesystem;

fs::path headers_of(const std::string& kernel) {
    const char* cache = std::getenv("DEFIB_CACHE");
    const char* home = std::getenv("HOME");
    const fs::path folder = cache ? fs::path(cache) : fs::path(home ? home : "") / ".cache/defib";
    return folder / "kernels" / kernel / "headers/build";
}

class ConstantsOf : public ::testing::TestWithParam<const char*> {};

TEST_P(ConstantsOf, AreTheSameInTheTableAndInTheHeaders) {
    const fs::path folder = headers_of(GetParam());
    ASSERT_TRUE(fs::exists(folder)) << folder << ": run ./dev kernels";
    const auto read = constants_from_headers(std::span(&folder, 1), "", wanted_constants());
    ASSERT_TRUE(read) << to_line(read.error());
    EXPECT_EQ(fs::canonical(folder).filename(), "linux-headers-" + read->release);
    KernelIdentity kernel;
    kernel.release = read->release;
    kernel.architecture = read->architecture;
    const auto table = constants_from_table(kernel, wanted_constants());
    ASSERT_TRUE(table) << read->release;
    EXPECT_GT(table->size(), 200U);
    for (const auto& [name, row] : *table) {
        const auto found = read->constants.find(name);
        ASSERT_NE(found, read->constants.end()) << name << " is in no header";
        EXPECT_EQ(row.value, found->second.value) << name;
        const std::string header = found->second.source.substr(sizeof("headers: ") - 1);
        EXPECT_NE(row.source.find(header), std::string::npos) << name << ": " << row.source;
    }
    // The two flags that the real-time patches move have no row: they differ between builds.
    const ConstantNames differing = {"TIF_NEED_RESCHED_LAZY", "TIF_SINGLESTEP",
                                     "RWSEM_WRITER_LOCKED"};
    for (const auto& [name, constant] : read->constants) {
        if (hangs_on_configuration(name) || differing.contains(name)) continue;
        EXPECT_TRUE(table->contains(name)) << name << " has no row";
    }
}

TEST_P(ConstantsOf, WhichTheConfigurationDecidesAreInTheHeaders) {
    const fs::path folder = headers_of(GetParam());
    const auto read = constants_from_headers(std::span(&folder, 1), "", wanted_constants());
    ASSERT_TRUE(read) << to_line(read.error());
    // One mask under two names: WORK_STRUCT_WQ_DATA_MASK in 6.1 is WORK_STRUCT_PWQ_MASK in 6.12.
    const ConstantNames masks = {"WORK_STRUCT_PWQ_MASK", "WORK_STRUCT_WQ_DATA_MASK"};
    EXPECT_NE(read->constants.contains("WORK_STRUCT_PWQ_MASK"),
              read->constants.contains("WORK_STRUCT_WQ_DATA_MASK"));
    for (const std::string& name : wanted_constants()) {
        if (!hangs_on_configuration(name) || masks.contains(name)) continue;
        EXPECT_TRUE(read->constants.contains(name)) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(DebianKernels, ConstantsOf,
                         ::testing::Values("6.1", "6.1-cloud", "6.1-rt", "6.12", "6.12-cloud",
                                           "6.12-rt"));

}  // namespace
}  // namespace defib::layouts
