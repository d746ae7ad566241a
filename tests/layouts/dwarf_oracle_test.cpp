// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two descriptions of one kernel by different tools: BTF, made by pahole when Debian built it, and
// DWARF, made by the compiler here and now for a module of that kernel. Every structure that both
// know must be the same in both.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "layouts/extract.h"
#include "tests/lab/kernels.h"

namespace defib::layouts {
namespace {

namespace fs = std::filesystem;

constexpr const char* MODULE = R"(
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kernfs.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/sched/signal.h>
#include <linux/skbuff.h>
struct task_struct *defib_oracle_task;
MODULE_LICENSE("GPL");
)";

// pahole 1.24 writes int x[2][3] as x[6] into BTF.
uint64_t elements(const LayoutMember& member) {
    return std::accumulate(member.array.begin(), member.array.end(), uint64_t{1},
                           std::multiplies<>());
}

bool is_same(const LayoutMember& a, const LayoutMember& b) {
    return a.name == b.name && a.offset == b.offset && a.size == b.size && a.kind == b.kind &&
           a.is_signed == b.is_signed && a.bit_size == b.bit_size && a.bit_offset == b.bit_offset &&
           a.array.empty() == b.array.empty() && elements(a) == elements(b) && a.type == b.type &&
           a.target == b.target && a.depth == b.depth;
}

class DwarfOracle : public testing::TestWithParam<const char*> {};

TEST_P(DwarfOracle, AgreesWithTheBtfOfTheKernel) {
    const auto kernel = lab::find_kernel(GetParam());
    ASSERT_TRUE(kernel.has_value()) << to_line(kernel.error());
    const fs::path folder = fs::path(testing::TempDir()) / ("defib-oracle-" + kernel->release);
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream(folder / "oracle.c") << MODULE;
    std::ofstream(folder / "Makefile")
        << "obj-m := oracle.o\nccflags-y := -g -fno-eliminate-unused-debug-types\n";
    const std::string command = "make -s -C '" + kernel->headers().string() + "' M='" +
                                folder.string() + "' CC=gcc-12 modules >'" +
                                (folder / "log").string() + "' 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << "see " << folder / "log";

    const ExtractOptions everything{.selection = Everything{}, .headers = {}, .read = {}};
    ExtractOptions from_dwarf = everything;
    from_dwarf.read.types = TypeSource::dwarf;
    const auto dwarf = extract_layout(folder / "oracle.ko", from_dwarf);
    ASSERT_TRUE(dwarf.has_value()) << to_line(dwarf.error());
    const auto btf = extract_layout(kernel->image(), everything);
    ASSERT_TRUE(btf.has_value()) << to_line(btf.error());
    EXPECT_EQ(dwarf->kernel.release, btf->kernel.release);

    size_t compared = 0;
    for (const auto& [name, mine] : dwarf->structs) {
        const auto theirs = btf->structs.find(name);
        if (theirs == btf->structs.end()) continue;  // nothing in the kernel itself uses it
        ++compared;
        EXPECT_EQ(mine.size, theirs->second.size) << name;
        ASSERT_EQ(mine.members.size(), theirs->second.members.size()) << name;
        for (size_t i = 0; i < mine.members.size(); ++i) {
            EXPECT_TRUE(is_same(mine.members[i], theirs->second.members[i]))
                << name << "." << mine.members[i].name;
        }
    }
    EXPECT_GT(compared, 1000U);
    EXPECT_TRUE(dwarf->structs.contains("task_struct"));
    fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Lab, DwarfOracle, testing::Values("6.1", "6.12"), [](const auto& info) {
    return std::string(info.param) == "6.1" ? "v6_1" : "v6_12";
});

}  // namespace
}  // namespace defib::layouts
