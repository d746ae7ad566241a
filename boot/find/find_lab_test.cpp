// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Real kernels, found from outside: both series, KASLR on, four and five levels, RAM on both sides
// of the hole below 4 GB.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "boot/find/kernel.h"
#include "boot/find/place_at.h"
#include "boot/find/symbol_at.h"
#include "engine/base/unique_fd.h"
#include "layouts/extract.h"
#include "tests/lab/guest.h"

namespace defib::boot {
namespace {

struct Machine {
    std::string name;
    lab::GuestOptions options;
    uint32_t levels;
};

// Of a variable of each loaded module: what the guest's own table says.
void expect_places(lab::Guest& guest, const Kernel& kernel, const layouts::Layout& layout) {
    const auto table = guest.run(
        {"sh", "-c", "awk '$2 == \"d\" && $4 != \"\" && !seen[$4]++' /proc/kallsyms | head -5"});
    ASSERT_TRUE(table) << to_line(table.error());
    std::istringstream lines(table->out);
    std::string address;
    std::string kind;
    std::string name;
    std::string module;
    size_t count = 0;
    while (lines >> address >> kind >> name >> module) {
        count++;
        const std::string place = place_at(kernel, layout, std::stoull(address, nullptr, 16) + 1);
        EXPECT_TRUE(place.ends_with(" " + module)) << place << " is " << name << " " << module;
    }
    EXPECT_GT(count, 0U);
    EXPECT_EQ(place_at(kernel, layout, 0xffff888000001000), "");
    EXPECT_EQ(place_at(kernel, layout, 0x41414141), "");
}

struct RealKernel : ::testing::TestWithParam<Machine> {};

INSTANTIATE_TEST_SUITE_P(
    Machines, RealKernel,
    ::testing::Values(Machine{"linux_6_1", {.kernel = "6.1"}, 4},
                      Machine{"linux_6_12", {.kernel = "6.12"}, 4},
                      Machine{"linux_6_12_5_levels_4_GB",
                              {.kernel = "6.12", .ram_megabytes = 4096, .five_level_paging = true},
                              5},
                      Machine{"linux_6_1_rt_3_GB", {.kernel = "6.1-rt", .ram_megabytes = 3072}, 4}),
    [](const auto& machine) { return machine.param.name; });

uint64_t allocated(const std::filesystem::path& path) {
    struct stat status = {};
    stat(path.c_str(), &status);
    return static_cast<uint64_t>(status.st_blocks) * 512;
}

// The address that the guest's own /proc/kallsyms gives.
uint64_t guests_address(lab::Guest& guest, const std::string& symbol) {
    const auto out = guest.run({"grep", "-w", symbol, "/proc/kallsyms"});
    return out ? std::stoull(out->out, nullptr, 16) : 0;
}

// The guest's memory as it is now, but for every page of VMCOREINFO.
UniqueFd copy_without_vmcoreinfo(const std::filesystem::path& ram) {
    constexpr off_t PAGE = 4096;
    constexpr std::string_view START = "OSRELEASE=";
    const UniqueFd from(::open(ram.c_str(), O_RDONLY | O_CLOEXEC));
    UniqueFd to(::memfd_create("defib-find-lab-test", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(to.get(), static_cast<off_t>(std::filesystem::file_size(ram))), 0);
    std::vector<char> block(4096);
    const size_t page = block.size();
    for (off_t at = 0;;) {
        const off_t data = ::lseek(from.get(), at, SEEK_DATA);
        if (data < 0) return to;
        at = data / PAGE * PAGE;
        const off_t hole = ::lseek(from.get(), data, SEEK_HOLE);
        for (; at < hole; at += PAGE) {
            if (::pread(from.get(), block.data(), page, at) != PAGE) return to;
            if (std::memcmp(block.data(), START.data(), START.size()) == 0) continue;
            EXPECT_EQ(::pwrite(to.get(), block.data(), page, at), PAGE);
        }
    }
}

void expect_found_by_its_image(const Kernel& kernel, const layouts::Layout& layout,
                               const std::filesystem::path& ram) {
    const UniqueFd copy = copy_without_vmcoreinfo(ram);
    const auto target =
        Target::open("vm:/proc/self/fd/" + std::to_string(copy.get()), Access::look);
    ASSERT_TRUE(target) << to_line(target.error());
    EXPECT_TRUE(find_vmcoreinfo(*target).empty());
    const auto found = find_kernel(*target);
    ASSERT_TRUE(found) << to_line(found.error());
    EXPECT_EQ(found->info.release(), kernel.info.release());
    EXPECT_EQ(found->text, kernel.text);
    EXPECT_EQ(found->map.levels, kernel.map.levels);
    EXPECT_EQ(found->map.page_table, kernel.map.page_table);
    EXPECT_EQ(found->map.linear[0].first, kernel.map.linear[0].first);
    const auto proved = prove_identity(*target, *found, layout, Access::act);
    EXPECT_TRUE(proved) << to_line(proved.error());
}

TEST_P(RealKernel, IsFoundAndProved) {
    auto options = GetParam().options;
    options.modules = {"loop"};
    auto guest = lab::Guest::boot(options);
    ASSERT_TRUE(guest) << to_line(guest.error());
    const uint64_t before = allocated(guest->ram_file());
    const auto target = Target::open("vm:" + guest->ram_file().string(), Access::look);
    ASSERT_TRUE(target) << to_line(target.error());
    const auto kernel = find_kernel(*target);
    ASSERT_TRUE(kernel) << to_line(kernel.error());
    EXPECT_EQ(kernel->map.levels, GetParam().levels);
    EXPECT_EQ(kernel->text, guests_address(*guest, "_text"));
    const uint64_t lock = guests_address(*guest, "tasklist_lock");
    EXPECT_EQ(symbol_at(*kernel, lock), "tasklist_lock");
    EXPECT_EQ(symbol_at(*kernel, lock + 4), "tasklist_lock+0x4");
    EXPECT_EQ(symbol_at(*kernel, 0xffff888000001000), "");

    const auto ranges = guest->ram_ranges();
    ASSERT_EQ(kernel->window.count, ranges.size());
    for (size_t i = 0; i < ranges.size(); i++) {
        EXPECT_EQ(kernel->window.ranges[i].physical, ranges[i].guest_physical);
        EXPECT_EQ(kernel->window.ranges[i].size, ranges[i].length);
    }

    const auto layout = layouts::extract_layout(guest->ram_file(), {});
    ASSERT_TRUE(layout) << to_line(layout.error());
    const auto proved = prove_identity(*target, *kernel, *layout, Access::act);
    EXPECT_TRUE(proved) << to_line(proved.error());
    expect_places(*guest, *kernel, *layout);
    for (const char* symbol : {"init_task", "linux_banner", "page_offset_base"}) {
        ASSERT_TRUE(layout->symbols.contains(symbol));
        EXPECT_EQ(address_of(*kernel, layout->symbols.at(symbol)), guests_address(*guest, symbol));
    }

    // The direct map was found in the page tables; the kernel's own variable says the same.
    KernelMemory memory(kernel->window, kernel->map);
    EXPECT_EQ(memory.read<uint64_t>(address_of(*kernel, layout->symbols.at("page_offset_base"))),
              kernel->map.linear[0].first);

    // vmemmap: the same bytes by subtraction as by the page tables.
    Kernel complete = *kernel;
    complete_map(complete, *layout);
    ASSERT_GT(complete.map.linear_count, 2U);
    KernelMemory by_subtraction(complete.window, complete.map);
    for (uint32_t i = 2; i < complete.map.linear_count; i++) {
        const DefibLinear& stretch = complete.map.linear[i];
        for (const uint64_t at : {stretch.first, stretch.first + stretch.size - 64}) {
            EXPECT_EQ(by_subtraction.piece(at, 64).data(), memory.piece(at, 64).data());
        }
    }

    // What the guest itself has touched meanwhile, and no more.
    EXPECT_LT(allocated(guest->ram_file()), before + (64U << 20));

    expect_found_by_its_image(*kernel, *layout, guest->ram_file());

    layouts::Layout other = *layout;
    other.kernel.banner.back() = '!';
    ASSERT_FALSE(prove_identity(*target, *kernel, other, Access::look));
    other = *layout;
    other.kernel.btf_digest.back() ^= 1;
    ASSERT_FALSE(prove_identity(*target, *kernel, other, Access::look));
    other = *layout;
    for (auto& member : other.structs.at("task_struct").members) {
        if (member.name == "tasks") member.offset += 8;
    }
    const auto refused = prove_identity(*target, *kernel, other, Access::look);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, DEFIB_ERROR_BOOT_OTHER_KERNEL);

    // Without a digest one may look, and not write.
    other = *layout;
    other.kernel.btf_digest.clear();
    EXPECT_TRUE(prove_identity(*target, *kernel, other, Access::look));
    EXPECT_FALSE(prove_identity(*target, *kernel, other, Access::act));
    other = *layout;
    other.symbols.erase("__stop_BTF");
    EXPECT_TRUE(prove_identity(*target, *kernel, other, Access::look));
    EXPECT_FALSE(prove_identity(*target, *kernel, other, Access::act));
    EXPECT_TRUE(prove_identity(*target, *kernel, *layout, Access::act));
}

}  // namespace
}  // namespace defib::boot
