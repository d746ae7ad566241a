// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/core_memory.h"

#include <gtest/gtest.h>

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "boot/salvage/process_core.h"
#include "engine/runtime/testing/synthetic_memory.h"

namespace defib::boot {
namespace {

namespace fs = std::filesystem;
using testing::SyntheticMemory;

constexpr uint64_t PAGE = 4096;
constexpr uint64_t HERE = 0x7f0000000000;
constexpr uint64_t READ_WRITE = 3;
constexpr uint64_t OF_A_DEVICE = 0x400;

class CoreMemoryTest : public ::testing::Test {
  protected:
    CoreMemoryTest() : path_(fs::temp_directory_path() / ("core-" + std::to_string(getpid()))) {}
    ~CoreMemoryTest() override { fs::remove(path_); }

    static ImageArea area(uint64_t first, uint64_t pages, uint64_t flags, uint64_t file = 0) {
        ImageArea one;
        one.data.first = first;
        one.data.end = first + pages * PAGE;
        one.data.flags = flags;
        one.data.file = file;
        return one;
    }
    Result<CoreMemory> write(const std::vector<ImageArea>& areas, NewFile& file) {
        DefibTarget& target = memory_.target();
        UserPages pages(target.window, target.map, target.map.page_table);
        return write_core_memory(areas, pages, file, CORE_MEMORY_AT, [&] { return is_over_; });
    }

    fs::path path_;
    SyntheticMemory memory_;
    bool is_over_ = false;
};

TEST_F(CoreMemoryTest, HoldsWhatIsThereAndNamesWhatIsNot) {
    memory_.map(HERE, 0x300000, 12);
    memory_.map(HERE + 16 * PAGE, 0x200000, 12);
    memory_.write<uint64_t>(0x300000, 0x1111);
    memory_.write<uint64_t>(0x200000, 0x2222);
    auto file = NewFile::make(path_);
    ASSERT_TRUE(file);
    const auto memory = write({area(HERE, 4, READ_WRITE), area(HERE + 4 * PAGE, 1, 0),
                               area(HERE + 8 * PAGE, 1, READ_WRITE | OF_A_DEVICE),
                               area(HERE + 15 * PAGE, 3, READ_WRITE, 1)},
                              *file);
    ASSERT_TRUE(memory) << to_line(memory.error());
    // Nobody has written to three of the first four: zeros. Of a mapped file nobody knows.
    ASSERT_EQ(memory->segments.size(), 6U);
    EXPECT_EQ(memory->segments[0].file_size, 4 * PAGE);
    EXPECT_EQ(memory->segments[0].rights, PF_R | PF_W);
    EXPECT_EQ(memory->segments[1].file_size, 0U);
    EXPECT_EQ(memory->segments[2].file_size, 0U);
    EXPECT_EQ(memory->segments[4].file_size, PAGE);
    EXPECT_EQ(memory->bytes, 2 * PAGE);
    EXPECT_EQ(memory->untouched.all(),
              (std::vector<ByteRange>{{HERE + 4 * PAGE, HERE + 5 * PAGE}}));
    EXPECT_EQ(memory->outside.all(), (std::vector<ByteRange>{{HERE + 8 * PAGE, HERE + 9 * PAGE}}));
    EXPECT_EQ(memory->in_file.bytes(), 2 * PAGE);
    ASSERT_TRUE(finish_core(*file, *memory, "notes"));

    const auto core = MappedFile::open(path_);
    ASSERT_TRUE(core);
    Elf64_Ehdr header;
    std::memcpy(&header, core->bytes().data(), sizeof header);
    EXPECT_EQ(header.e_type, ET_CORE);
    EXPECT_EQ(header.e_phnum, 7);
    Elf64_Phdr last;
    std::memcpy(&last, core->bytes().data() + header.e_phoff + 5 * sizeof last, sizeof last);
    EXPECT_EQ(last.p_vaddr, HERE + 16 * PAGE);
    uint64_t word = 0;
    std::memcpy(&word, core->bytes().data() + last.p_offset, sizeof word);
    EXPECT_EQ(word, 0x2222U);
}

TEST_F(CoreMemoryTest, OfManySegmentsSaysSoInItsFirstSection) {
    auto file = NewFile::make(path_);
    ASSERT_TRUE(file);
    CoreMemory memory;
    memory.end = CORE_MEMORY_AT;
    for (uint64_t i = 0; i < 70'000; i++)
        memory.segments.push_back({i * 2 * PAGE, PAGE, CORE_MEMORY_AT, 0, PF_R});
    ASSERT_TRUE(finish_core(*file, memory, ""));
    const auto core = MappedFile::open(path_);
    ASSERT_TRUE(core);
    Elf64_Ehdr header;
    Elf64_Shdr section;
    std::memcpy(&header, core->bytes().data(), sizeof header);
    EXPECT_EQ(header.e_phnum, PN_XNUM);
    ASSERT_LE(header.e_shoff + sizeof section, core->bytes().size());
    std::memcpy(&section, core->bytes().data() + header.e_shoff, sizeof section);
    EXPECT_EQ(section.sh_info, 70'001U);
}

TEST_F(CoreMemoryTest, ThatIsNotFinishedLeavesNothing) {
    memory_.map(HERE, 0x300000, 12);
    is_over_ = true;
    {
        auto file = NewFile::make(path_);
        ASSERT_TRUE(file);
        EXPECT_FALSE(NewFile::make(path_)) << "two at once";
        const auto memory = write({area(HERE, 1, READ_WRITE)}, *file);
        ASSERT_FALSE(memory);
        EXPECT_TRUE(memory.error().detail.contains("asked to end"));
    }
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(fs::exists(path_.string() + ".unfinished"));
    EXPECT_FALSE(NewFile::make("/nowhere/core"));
}

}  // namespace
}  // namespace defib::boot
