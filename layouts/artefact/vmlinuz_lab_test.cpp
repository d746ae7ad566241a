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

// ext4 is a module on every Debian kernel, packed as .ko.xz.
std::filesystem::path packed_module(const std::string& kernel) {
    const auto modules = lab_kernel(kernel) / "root" / "lib" / "modules";
    std::error_code ignored;
    for (const auto& release : std::filesystem::directory_iterator(modules, ignored)) {
        for (const char* name : {"kernel/fs/ext4/ext4.ko.xz", "kernel/fs/ext4/ext4.ko"}) {
            if (std::filesystem::exists(release.path() / name)) return release.path() / name;
        }
    }
    return {};
}

const Type* find_struct(const TypeGraph& graph, std::string_view name) {
    for (const Type& type : graph.types) {
        if (type.kind == TypeKind::structure && type.name == name) return &type;
    }
    return nullptr;
}

TEST(Module, ContinuesTheTypesOfItsKernel) {
    const auto path = packed_module("6.12");
    ASSERT_FALSE(path.empty()) << "run ./dev kernels";
    const auto alone = read_artefact(path, {});
    ASSERT_FALSE(alone.has_value());
    EXPECT_EQ(alone.error().code, DEFIB_ERROR_LAYOUT_BASE_NEEDED);

    ReadOptions options;
    options.base = lab_vmlinuz("6.12");
    const auto both = read_artefact(path, options);
    ASSERT_TRUE(both.has_value()) << to_line(both.error());
    EXPECT_NE(find_struct(both->types, "task_struct"), nullptr);       // the kernel's
    EXPECT_NE(find_struct(both->types, "ext4_super_block"), nullptr);  // the module's
    EXPECT_TRUE(options.base.filename().string().ends_with(both->kernel.release));

    options.base = lab_vmlinuz("6.12-cloud");
    const auto another = read_artefact(path, options);
    ASSERT_FALSE(another.has_value());
    EXPECT_EQ(another.error().code, DEFIB_ERROR_LAYOUT_BASE_NEEDED);
}

TEST(Package, HoldsTheSameKernelAsTheFileInIt) {
    const auto package = read_artefact(lab_kernel("6.1-cloud") / "image.deb", {});
    ASSERT_TRUE(package.has_value()) << to_line(package.error());
    const auto file = read_artefact(lab_vmlinuz("6.1-cloud"), {});
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(package->kernel.btf_digest, file->kernel.btf_digest);
    EXPECT_EQ(package->kernel.banner, file->kernel.banner);
    EXPECT_EQ(package->symbols.size(), file->symbols.size());
}

}  // namespace
}  // namespace defib::layouts
