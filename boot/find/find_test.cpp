// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/find/kernel.h"
#include "boot/find/map_x86_64.h"
#include "boot/find/scratch.h"
#include "engine/abi/scratch.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

constexpr uint64_t IMAGE = 0xffffffff9a000000;  // where KASLR has put it
constexpr uint64_t IMAGE_PHYSICAL = 0x1000000;
constexpr uint64_t TOP = 0x1400000;  // swapper_pg_dir, in the image
constexpr uint64_t TABLES = 0x40000;
constexpr uint64_t DIRECT_MAP = 0xffff9d2ec0000000;  // moved by whole gigabytes

// A RAM file with as much of a kernel as finding one takes.
struct MadeUpKernel : ::testing::Test {
    MadeUpKernel() : file(memfd_create("defib-find-test", MFD_CLOEXEC)) {
        EXPECT_EQ(ftruncate(file.get(), 64 << 20), 0);
        map_at(TOP, DIRECT_MAP, 0x83, 0x40000000);  // one page of 1 GB
        for (uint64_t at = 0; at < 0x600000; at += 0x200000) {
            map_large(IMAGE + at, IMAGE_PHYSICAL + at);
        }
        write(IMAGE_PHYSICAL + 0x300000, "Linux");
        write(IMAGE_PHYSICAL + 0x300041, "6.1.0-56-amd64");
    }

    std::string info(std::string_view release) const {
        char text[512];
        snprintf(text, sizeof text,
                 "OSRELEASE=%.*s\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=%lx\n"
                 "SYMBOL(_stext)=%lx\nNUMBER(phys_base)=%ld\nSYMBOL(init_uts_ns)=%lx\n"
                 "NUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\n",
                 static_cast<int>(release.size()), release.data(), IMAGE + TOP - IMAGE_PHYSICAL,
                 IMAGE, static_cast<long>(IMAGE_PHYSICAL - (IMAGE - 0xffffffff80000000)),
                 IMAGE + 0x300000);
        return text;
    }

    void write(uint64_t at, std::string_view text) {
        EXPECT_EQ(pwrite(file.get(), text.data(), text.size(), static_cast<off_t>(at)),
                  static_cast<ssize_t>(text.size()));
    }
    void write(uint64_t at, uint64_t value) {
        write(at, std::string_view(reinterpret_cast<const char*>(&value), 8));
    }
    Result<Target> open() {
        return Target::open("vm:/proc/self/fd/" + std::to_string(file.get()), Access::look);
    }
    uint64_t allocated() const {
        struct stat status = {};
        fstat(file.get(), &status);
        return static_cast<uint64_t>(status.st_blocks) * 512;
    }

    UniqueFd file;

  private:
    static uint64_t index(uint64_t address, uint32_t shift) { return (address >> shift & 511) * 8; }

    void map_at(uint64_t top, uint64_t address, uint64_t flags, uint64_t) {
        write(top + index(address, 39), TABLES | 3);
        write(TABLES + index(address, 30), flags);
    }
    void map_large(uint64_t address, uint64_t physical) {
        write(TOP + index(address, 39), (TABLES + 0x1000) | 3);
        write(TABLES + 0x1000 + index(address, 30), (TABLES + 0x2000) | 3);
        write(TABLES + 0x2000 + index(address, 21), physical | 0x83);
    }
};

TEST_F(MadeUpKernel, IsFoundWithItsMaps) {
    write(0x777000, info("6.1.0-56-amd64"));
    const auto target = open();
    ASSERT_TRUE(target);
    const auto kernel = find_kernel(*target);
    ASSERT_TRUE(kernel) << to_line(kernel.error());
    EXPECT_EQ(kernel->info.release(), "6.1.0-56-amd64");
    EXPECT_EQ(kernel->text, IMAGE);
    EXPECT_EQ(kernel->map.page_table, TOP);
    ASSERT_EQ(kernel->map.linear_count, 2U);
    EXPECT_EQ(kernel->map.linear[0].first, DIRECT_MAP);
    EXPECT_EQ(kernel->map.linear[0].physical, 0U);
    EXPECT_EQ(kernel->map.linear[1].first, IMAGE);
    EXPECT_EQ(kernel->map.linear[1].size, 0x600000U);
    EXPECT_EQ(kernel->map.linear[1].physical, IMAGE_PHYSICAL);
}

TEST_F(MadeUpKernel, IsFoundBehindThePageOfAnEarlierOne) {
    write(0x5000, info("5.10.0-1-amd64"));
    write(0x777000, info("6.1.0-56-amd64"));
    const auto target = open();
    const auto kernel = find_kernel(*target);
    ASSERT_TRUE(kernel);
    EXPECT_EQ(kernel->info.release(), "6.1.0-56-amd64");
}

TEST_F(MadeUpKernel, IsNotFoundWhereThereIsNone) {
    const auto target = open();
    const auto kernel = find_kernel(*target);
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().code, DEFIB_ERROR_BOOT_NO_KERNEL);
}

TEST_F(MadeUpKernel, IsNotBelievedWhenItsTablesLeadElsewhere) {
    write(0x777000, info("6.1.0-56-amd64"));
    write(TABLES + 8 * (DIRECT_MAP >> 30 & 511), 0x40000083);  // begins at 1 GB
    const auto target = open();
    EXPECT_FALSE(find_kernel(*target));
}

// As many tables as a kernel may have on the way (an LDT that is remapped has one), and as many as
// only tables have that were made to keep a reader busy.
TEST_F(MadeUpKernel, IsNotLookedForInTablesThatHaveNoEnd) {
    write(0x777000, info("6.1.0-56-amd64"));
    constexpr uint64_t EMPTY = 0x80000;
    constexpr uint64_t FIRST = 256;
    write(TOP + FIRST * 8, EMPTY | 3);
    const auto target = open();
    ASSERT_TRUE(find_kernel(*target));
    for (uint64_t i = FIRST; i < FIRST + 32; i++) write(TOP + i * 8, EMPTY | 3);
    EXPECT_FALSE(find_kernel(*target));
}

// A dump may say of a segment that it lies at 2^62: then there would be 2^50 page structures.
TEST_F(MadeUpKernel, HasNoMorePageStructuresThanAMachineCanHave) {
    write(0x777000, info("6.1.0-56-amd64"));
    const auto target = open();
    auto kernel = find_kernel(*target);
    ASSERT_TRUE(kernel);
    constexpr uint64_t VMEMMAP = 0xffffea0000000000;
    constexpr uint64_t VMEMMAP_TABLES = 0x90000;
    write(TOP + (VMEMMAP >> 39 & 511) * 8, VMEMMAP_TABLES | 3);
    write(VMEMMAP_TABLES + (VMEMMAP >> 30 & 511) * 8, (VMEMMAP_TABLES + 0x1000) | 3);
    write(VMEMMAP_TABLES + 0x1000, 0x2000000 | 0x83);
    DefibWindow window = kernel->window;
    window.ranges[window.count++] = {uint64_t{1} << 62, 4096, window.ranges[0].backend};
    add_vmemmap(kernel->map, window, VMEMMAP, 64);
    ASSERT_EQ(kernel->map.linear_count, 3U);
    EXPECT_EQ(kernel->map.linear[2].first, VMEMMAP);
    EXPECT_EQ(kernel->map.linear[2].size, 0x200000U);
    EXPECT_EQ(kernel->map.linear[2].physical, 0x2000000U);
}

TEST_F(MadeUpKernel, IsLookedForWithoutAllocatingHoles) {
    write(0x777000, info("6.1.0-56-amd64"));
    EXPECT_EQ(ftruncate(file.get(), int64_t{2} << 30), 0);
    const uint64_t before = allocated();
    const auto target = open();
    ASSERT_TRUE(find_kernel(*target));
    EXPECT_LE(allocated(), before + (1U << 20));
}

// The note: what leads to it, its header, its name, its text, and two pages.
struct Note : MadeUpKernel {
    static constexpr uint64_t PLACE = 0x800000;  // physical
    static constexpr uint64_t POINTER = 0x300800;
    static constexpr uint64_t SCRATCH = PLACE + 8192 - DEFIB_SCRATCH_SIZE;

    Note() {
        write(0x777000, info("6.1.0-56-amd64"));
        write(IMAGE_PHYSICAL + POINTER, DIRECT_MAP + PLACE);
        write(PLACE, std::string_view("\x0b\0\0\0\x00\x02\0\0\0\0\0\0VMCOREINFO\0\0", 24));
        write(PLACE + 24, "OSRELEASE=6.1.0-56-amd64\n");
        layout.symbols["vmcoreinfo_note"] = {POINTER, false};
    }
    Scratch found() {
        const auto target = open();
        const auto kernel = find_kernel(*target);
        EXPECT_TRUE(kernel);
        return kernel ? find_scratch(*kernel, layout) : Scratch{};
    }

    layouts::Layout layout;
};

TEST_F(Note, OffersItsUnusedEnd) {
    EXPECT_EQ(found().address, DIRECT_MAP + SCRATCH);
    EXPECT_EQ(found().size, DEFIB_SCRATCH_SIZE);
}

TEST_F(Note, OffersNothingThatIsInUse) {
    write(PLACE + 8184, uint64_t{1});
    EXPECT_EQ(found().size, 0U);
}

TEST_F(Note, OffersAgainWhatARepairUsedBefore) {
    write(PLACE + 8184, uint64_t{1});
    write(SCRATCH, uint64_t{DEFIB_SCRATCH_MARK});
    EXPECT_EQ(found().size, DEFIB_SCRATCH_SIZE);
}

TEST_F(Note, OffersNothingWhereItIsSomethingElse) {
    write(PLACE + 12, "VMCOREINFX");
    EXPECT_EQ(found().size, 0U);
    layout.symbols.clear();
    EXPECT_EQ(found().size, 0U);
}

TEST_F(Note, OffersNothingWhereItDoesNotStartAPage) {
    write(IMAGE_PHYSICAL + POINTER, DIRECT_MAP + PLACE + 8);
    EXPECT_EQ(found().size, 0U);
}

}  // namespace
}  // namespace defib::boot
