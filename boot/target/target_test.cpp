// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/target/target.h"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

struct TargetFile : ::testing::Test {
    TargetFile() {
        char name[] = "/tmp/defib-target-XXXXXX";
        fd = UniqueFd(mkstemp(name));
        path = name;
    }
    ~TargetFile() override { std::filesystem::remove(path); }

    void write_at(uint64_t offset, std::string_view text) {
        ASSERT_EQ(pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset)),
                  static_cast<ssize_t>(text.size()));
    }
    void resize(uint64_t size) { ASSERT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0); }
    uint64_t allocated() const {
        struct stat status = {};
        fstat(fd.get(), &status);
        return static_cast<uint64_t>(status.st_blocks) * 512;
    }

    UniqueFd fd;
    std::string path;
};

TEST_F(TargetFile, NeedsAKindAndAPath) {
    for (const char* name : {"", "vm:", "core:", "host2", "/dev/shm/ram", "VM:x"}) {
        const auto target = Target::open(name, Access::look);
        ASSERT_FALSE(target) << name;
        EXPECT_EQ(target.error().code, DEFIB_ERROR_BOOT_TARGET_NAME);
    }
    const auto missing = Target::open("vm:/nonexistent/ram", Access::look);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, DEFIB_ERROR_BASE_CANNOT_READ);
    const auto empty = Target::open("vm:" + path, Access::look);
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, DEFIB_ERROR_BOOT_TARGET_FORMAT);
}

TEST(MapOfMemory, GivesTheRamInWholePages) {
    const auto ranges = ram_in_map_of_memory(
        "00000000-00000fff : Reserved\n"
        "00001000-0009fbff : System RAM\n"
        "000a0000-000bffff : PCI Bus 0000:00\n"
        "00100000-1ffdcfff : System RAM\n"
        "  03200000-04201fff : Kernel code\n"
        "fed00000-fed003ff : HPET 0\n"
        "100000800-1400007ff : System RAM\n"
        "200000000-2000007ff : System RAM\n");
    ASSERT_EQ(ranges.size(), 3U);
    EXPECT_EQ(ranges[0].physical, 0x1000U);
    EXPECT_EQ(ranges[0].size, 0x9e000U);
    EXPECT_EQ(ranges[1].physical, 0x100000U);
    EXPECT_EQ(ranges[1].size, 0x1fedd000U);
    EXPECT_EQ(ranges[2].physical, 0x100001000U);
    EXPECT_EQ(ranges[2].size, 0x3ffff000U);
    // As everybody but root sees it.
    EXPECT_TRUE(ram_in_map_of_memory("00000000-00000000 : System RAM\n").empty());
    EXPECT_TRUE(ram_in_map_of_memory("").empty());
}

TEST_F(TargetFile, SmallRamIsOneRangeAtZero) {
    resize(512U << 20);
    const auto target = Target::open("vm:" + path, Access::act);
    ASSERT_TRUE(target);
    ASSERT_EQ(target->windows().size(), 1U);
    const DefibWindow& window = target->windows().front();
    ASSERT_EQ(window.count, 1U);
    EXPECT_EQ(window.flags, 0U);
    EXPECT_EQ(window.ranges[0].physical, 0U);
    EXPECT_EQ(window.ranges[0].size, 512U << 20);
}

TEST_F(TargetFile, LargeRamMayBeSplitAsEachMachineDoesIt) {
    constexpr uint64_t GIB = uint64_t{1} << 30;
    resize(4 * GIB);
    const auto target = Target::open("vm:" + path, Access::look);
    ASSERT_TRUE(target);
    std::vector<uint64_t> lows;
    for (const DefibWindow& window : target->windows()) {
        ASSERT_EQ(window.count, 2U);
        EXPECT_EQ(window.flags, DEFIB_WINDOW_READ_ONLY);
        EXPECT_EQ(window.ranges[1].physical, 4 * GIB);
        EXPECT_EQ(window.ranges[1].backend, window.ranges[0].backend + window.ranges[0].size);
        EXPECT_EQ(window.ranges[0].size + window.ranges[1].size, 4 * GIB);
        lows.push_back(window.ranges[0].size);
    }
    EXPECT_EQ(lows, (std::vector<uint64_t>{2 * GIB, 3 * GIB, 0xd0000000}));
    EXPECT_LT(allocated(), GIB / 64);
}

TEST_F(TargetFile, KnowsWhereTheFileHoldsData) {
    resize(64U << 20);
    write_at(32U << 20, "data");
    const auto target = Target::open("vm:" + path, Access::look);
    ASSERT_TRUE(target);
    ASSERT_EQ(target->memory().data().size(), 1U);
    const Bytes extent = target->memory().data().front();
    EXPECT_EQ(as_text(extent.first(4)), "data");
    EXPECT_LE(extent.size(), 1U << 20);
}

TEST_F(TargetFile, SaysHowToMakeADumpItCanRead) {
    write_at(0, std::string("KDUMP   ") + std::string(8192, 0));
    const auto target = Target::open("core:" + path, Access::act);
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().code, DEFIB_ERROR_BOOT_TARGET_FORMAT);
    EXPECT_FALSE(target.error().advice.empty());
}

struct ElfCore : TargetFile {
    void make(std::initializer_list<Elf64_Phdr> segments) {
        Elf64_Ehdr header{};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_type = ET_CORE;
        header.e_machine = EM_X86_64;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = static_cast<uint16_t>(segments.size());
        write(header, 0);
        uint64_t at = sizeof header;
        for (const Elf64_Phdr& segment : segments) {
            write(segment, at);
            at += sizeof segment;
        }
        resize(0x10000);
    }
    template <class T>
    void write(const T& value, uint64_t offset) {
        write_at(offset, {reinterpret_cast<const char*>(&value), sizeof value});
    }
    static Elf64_Phdr load(uint64_t offset, uint64_t physical, uint64_t size) {
        Elf64_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_offset = offset;
        segment.p_paddr = physical;
        segment.p_filesz = segment.p_memsz = size;
        return segment;
    }
    Result<Target> open() { return Target::open("core:" + path, Access::act); }
};

TEST_F(ElfCore, IsItsSegmentsByPhysicalAddress) {
    make({load(0x3100, uint64_t{1} << 32, 0x2000), load(0x1100, 0x1000, 0x2000)});
    const auto target = open();
    ASSERT_TRUE(target);
    const DefibWindow& window = target->windows().front();
    ASSERT_EQ(window.count, 2U);
    EXPECT_EQ(window.flags, DEFIB_WINDOW_READ_ONLY);
    EXPECT_EQ(window.ranges[0].physical, 0x1000U);
    EXPECT_EQ(window.ranges[0].backend,
              reinterpret_cast<uint64_t>(target->memory().bytes().data()) + 0x1100);
    EXPECT_EQ(window.ranges[1].physical, uint64_t{1} << 32);
}

TEST_F(ElfCore, KeepsTheLargerOfSegmentsThatTellTheSameMemory) {
    make({load(0x1000, 0x2000, 0x1000), load(0x3000, 0, 0x8000)});
    const auto target = open();
    ASSERT_TRUE(target);
    ASSERT_EQ(target->windows().front().count, 1U);
    EXPECT_EQ(target->windows().front().ranges[0].size, 0x8000U);
}

TEST_F(ElfCore, IsRefusedWhenASegmentReachesOut) {
    for (const Elf64_Phdr& segment :
         {load(0x8000, 0, 0x9000), load(~uint64_t{0} - 8, 0, 0x1000), load(0, 0, ~uint64_t{0}),
          load(0x1000, ~uint64_t{0} - 16, 0x1000)}) {
        make({segment});
        const auto target = open();
        ASSERT_FALSE(target);
        EXPECT_EQ(target.error().code, DEFIB_ERROR_BOOT_TARGET_FORMAT);
    }
    make({});
    EXPECT_FALSE(open());
}

}  // namespace
}  // namespace defib::boot
