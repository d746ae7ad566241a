// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every kernel that the lab has, read from its vmlinuz alone.
#include <gtest/gtest.h>

#include <filesystem>

#include "layouts/artefact/artefact.h"
#include "layouts/artefact/lab_kernels.h"

namespace defib::layouts {
namespace {

class Vmlinuz : public testing::TestWithParam<const char*> {};

TEST_P(Vmlinuz, TellsTypesSymbolsAndIdentity) {
    const auto path = lab_vmlinuz(GetParam());
    ASSERT_FALSE(path.empty()) << "run ./dev kernels";
    const auto artefact = read_artefact(path, {});
    ASSERT_TRUE(artefact.has_value()) << to_line(artefact.error());

    const KernelIdentity& kernel = artefact->kernel;
    const std::string release = path.filename().string().substr(8);
    EXPECT_EQ(kernel.release, release);
    EXPECT_TRUE(kernel.banner.starts_with("Linux version " + release + " ")) << kernel.banner;
    EXPECT_TRUE(kernel.banner.contains(" #1 SMP ")) << kernel.banner;
    EXPECT_EQ(kernel.architecture, "x86_64");
    EXPECT_EQ(kernel.build_id.size(), 40U);
    EXPECT_EQ(kernel.btf_digest.size(), 7U + 64U);
    EXPECT_EQ(kernel.smp, true);
    EXPECT_EQ(kernel.preempt_rt, release.contains("-rt-"));
    EXPECT_EQ(kernel.randstruct, false);
    EXPECT_EQ(kernel.page_table_levels, (std::vector<int>{4, 5}));

    EXPECT_GT(artefact->types.types.size(), 50'000U);
    const SymbolMap& symbols = artefact->symbols;
    EXPECT_GT(symbols.size(), 50'000U);
    EXPECT_EQ(symbols.at("_text").value, 0);
    for (const char* name : {"init_task", "linux_banner", "init_top_pgt", "__start_BTF"}) {
        ASSERT_TRUE(symbols.contains(name)) << name;
        EXPECT_FALSE(symbols.at(name).is_absolute) << name;
        EXPECT_GT(symbols.at(name).value, 0) << name;
        EXPECT_LT(symbols.at(name).value, int64_t{1} << 30) << name;
    }
    // Per-CPU variables are linked at 0 on these kernels.
    ASSERT_TRUE(symbols.contains("runqueues"));
    EXPECT_TRUE(symbols.at("runqueues").is_absolute);
    EXPECT_LT(symbols.at("runqueues").value, int64_t{1} << 20);
}

INSTANTIATE_TEST_SUITE_P(Lab, Vmlinuz,
                         testing::Values("6.1", "6.1-cloud", "6.1-rt", "6.12", "6.12-cloud",
                                         "6.12-rt"),
                         [](const auto& info) {
                             std::string name = info.param;
                             for (char& c : name) {
                                 if (c == '.' || c == '-') c = '_';
                             }
                             return name;
                         });

}  // namespace
}  // namespace defib::layouts
