// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/elf_head.h"

#include <gtest/gtest.h>

#include <elf.h>

#include <cstring>

#include "boot/target/target.h"

namespace defib::boot {
namespace {

constexpr uint64_t MIB = uint64_t{1} << 20;

Kernel a_kernel(const char* release) {
    Kernel kernel;
    kernel.info = *layouts::Vmcoreinfo::parse(std::string("OSRELEASE=") + release +
                                              "\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n");
    kernel.window.count = 2;
    kernel.window.ranges[0] = {0, 16 * MIB, 0x10000};
    kernel.window.ranges[1] = {64 * MIB, 32 * MIB, 0x10000 + 16 * MIB};
    kernel.map.linear_count = 2;
    kernel.map.linear[0] = {0xffff888000000000, 96 * MIB, 0};
    kernel.map.linear[1] = {0xffffffff81000000, 8 * MIB, 66 * MIB};
    return kernel;
}

// As it lies in a file, with the memory's room behind it.
std::string file_of(const ElfHead& head) {
    return head.bytes + std::string(48 * MIB, '\0');
}

TEST(ElfHead, SaysWhereEachRangeLies) {
    const ElfHead head = make_elf_head(a_kernel("6.1"), {}, {});
    const std::string file = file_of(head);
    const auto window = window_of_elf_core(as_bytes(file), "it");
    ASSERT_TRUE(window) << to_line(window.error());
    ASSERT_EQ(window->count, 2U);
    const auto start = reinterpret_cast<uint64_t>(file.data());
    EXPECT_EQ(window->ranges[0].physical, 0U);
    EXPECT_EQ(window->ranges[0].size, 16 * MIB);
    EXPECT_EQ(window->ranges[0].backend - start, head.data);
    EXPECT_EQ(window->ranges[1].physical, 64 * MIB);
    EXPECT_EQ(window->ranges[1].backend - start, head.data + 16 * MIB);
}

TEST(ElfHead, ShowsTheImageAtItsOwnAddress) {
    const ElfHead head = make_elf_head(a_kernel("6.1"), {}, {});
    Elf64_Phdr image;
    std::memcpy(&image, head.bytes.data() + sizeof(Elf64_Ehdr) + sizeof image, sizeof image);
    EXPECT_EQ(image.p_vaddr, 0xffffffff81000000);
    EXPECT_EQ(image.p_paddr, 66 * MIB);
    EXPECT_EQ(image.p_offset, head.data + 16 * MIB + 2 * MIB);
}

TEST(ElfHead, IsTakenUpAgainAsItWas) {
    const Kernel kernel = a_kernel("6.1");
    const std::vector<DumpNote> notes = {{NoteKind::log, "[ 0.0] Linux"}};
    const ElfHead head = make_elf_head(kernel, notes, {.done = 4096, .level = 31});
    const auto read = read_elf_head(kernel, as_bytes(file_of(head)));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->bytes, head.bytes);
    EXPECT_EQ(read->data, head.data);
    DumpProgress progress;
    std::memcpy(&progress, read->bytes.data() + read->progress_at, sizeof progress);
    EXPECT_EQ(progress.done, 4096U);
    EXPECT_EQ(progress.level, 31U);
}

TEST(ElfHead, OfAnotherKernelOrMachineIsNotTakenUp) {
    const std::string file = file_of(make_elf_head(a_kernel("6.1"), {}, {}));
    EXPECT_FALSE(read_elf_head(a_kernel("6.12"), as_bytes(file)));
    Kernel other = a_kernel("6.1");
    other.window.ranges[1].size -= MIB;
    EXPECT_FALSE(read_elf_head(other, as_bytes(file)));
    Kernel elsewhere = a_kernel("6.1");  // another boot: KASLR
    elsewhere.map.linear[1].first += 2 * MIB;
    EXPECT_FALSE(read_elf_head(elsewhere, as_bytes(file)));
}

TEST(ElfHead, DamagedIsNotTakenUp) {
    const Kernel kernel = a_kernel("6.1");
    const ElfHead head = make_elf_head(kernel, {}, {});
    for (size_t size = 0; size < head.bytes.size(); size += 61)
        EXPECT_FALSE(read_elf_head(kernel, as_bytes(head.bytes.substr(0, size)))) << size;
    // Up to the end of the kernel's own note every byte counts, but for the progress.
    const size_t end = head.bytes.find("ffffffff82a10000\n");
    for (size_t at = 0; at < end; at++) {
        if (at >= head.progress_at && at < head.progress_at + sizeof(DumpProgress)) continue;
        std::string damaged = head.bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
        const auto read = read_elf_head(kernel, as_bytes(damaged));
        EXPECT_FALSE(read) << at;
    }
}

}  // namespace
}  // namespace defib::boot
