// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/restart.h"

#include <gtest/gtest.h>

#include <elf.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "boot/restart/rebuild.h"

namespace defib::boot {
namespace {

constexpr uint64_t BEHIND_THE_CALL = 0x401002;

std::string seed() {
    std::ifstream file(DEFIB_SEED_CORE, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string with(const std::string& what, const std::string& instead) {
    std::string core = seed();
    const size_t at = core.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    EXPECT_EQ(what.size(), instead.size()) << "it stays as long as it was";
    if (at != std::string::npos) core.replace(at, what.size(), instead);
    return core;
}

std::string why_not(const std::string& core) {
    const auto process = read_saved_process(as_bytes(core), "core");
    if (process) return "";
    EXPECT_EQ(exit_status(process.error().code), DEFIB_EXIT_INPUT);
    const std::string line = to_line(process.error());
    EXPECT_FALSE(line.contains('\n'));
    return line;
}

TEST(SavedProcess, IsReadFromACore) {
    const std::string core = seed();
    const auto process = read_saved_process(as_bytes(core), "core");
    ASSERT_TRUE(process) << to_line(process.error());
    EXPECT_EQ(process->program, "/tmp/defib-counter");
    EXPECT_TRUE(process->stood_still());
    ASSERT_EQ(process->threads.size(), 1U);
    EXPECT_EQ(process->threads[0].tid, process->pid);
    EXPECT_EQ(process->threads[0].registers.orig_rax, SYS_clock_nanosleep);
    EXPECT_GE(process->threads[0].fpu.size(), 512U);
    EXPECT_NE(process->threads[0].rseq, 0U);
    ASSERT_EQ(process->files.size(), 3U);
    EXPECT_EQ(process->files[1].path, "/tmp/numbers");
    EXPECT_EQ(static_cast<uint64_t>(process->files[1].offset), process->files[1].bytes);
    EXPECT_TRUE(process->auxiliary_value(AT_SYSINFO_EHDR));
    EXPECT_FALSE(process->auxiliary_value(0x7777));
    const CorePiece& piece = process->pieces.back();
    EXPECT_EQ(process->bytes_at(piece.end() - 8).size(), 8U);
    EXPECT_TRUE(process->bytes_at(piece.end()).empty());
    EXPECT_TRUE(process->bytes_at(piece.first - 1).empty());
}

// Whatever is cut off: one line, and the status of bad input.
TEST(SavedProcess, IsRefusedWhenItIsTruncated) {
    const std::string core = seed();
    for (size_t size = 0; size < core.size(); size += 61)
        EXPECT_NE(why_not(core.substr(0, size)), "") << size;
    EXPECT_EQ(why_not(core), "");
}

TEST(SavedProcess, IsRefusedWhenItIsHostile) {
    EXPECT_TRUE(why_not(with("\"form\":2", "\"form\":3")).contains("another defib"));
    EXPECT_TRUE(why_not(with("\"uid\":[0,0,0,0]", "\"uid\":[0,0,0,-]")).contains("damaged"));
    EXPECT_TRUE(why_not(with("\"uid\":[0,0,0,0]", "\"uid\":[0,0,\"x\"]")).contains("number"));
    EXPECT_TRUE(why_not(with("[\"0x200000\",\"0x22a000\"]", "[\"0x300000\",\"0x22a000\"]"))
                    .contains("where none can be"));
    EXPECT_TRUE(why_not(with("[\"0x200000\",\"0x22a000\"]", "[\"0x200000\",\"0x2aa000\"]"))
                    .contains("one place"));
    EXPECT_TRUE(why_not(with("[\"0x200000\",\"0x22a000\"]", "[\"0x200001\",\"0x22a000\"]"))
                    .contains("where none can be"));
    EXPECT_TRUE(why_not(with("\"descriptor\":2", "\"descriptor\":1")).contains("one number"));
    EXPECT_TRUE(why_not(with("\"nice\":0", "\"nice\":x")).contains("damaged"));
    EXPECT_TRUE(why_not(with("DEFIB", "LIBEL")).contains("did not make it"));
    std::string core = seed();
    core[4] = ELFCLASS32;
    EXPECT_TRUE(why_not(core).contains("no core of an x86-64"));
}

GoesOn goes_on_from(int64_t call, int64_t result, const char* held) {
    SavedProcess process;
    process.held = held;
    SavedThread thread;
    thread.registers.orig_rax = static_cast<unsigned long long>(call);
    thread.registers.rax = static_cast<unsigned long long>(result);
    thread.registers.rip = BEHIND_THE_CALL;
    return goes_on(process, thread);
}

// As arch_do_signal_or_restart() has it.
TEST(Thread, BeginsACallAgainThatWasInterrupted) {
    for (const int64_t result : {-512, -513, -514}) {
        const GoesOn goes = goes_on_from(SYS_read, result, "frozen");
        EXPECT_EQ(goes.registers.rip, BEHIND_THE_CALL - 2);
        EXPECT_EQ(goes.registers.rax, static_cast<uint64_t>(SYS_read));
        EXPECT_EQ(goes.registers.orig_rax, ~0ULL);
        EXPECT_EQ(goes.told, "");
    }
    const GoesOn with_block = goes_on_from(SYS_clock_nanosleep, -516, "frozen");
    EXPECT_EQ(with_block.registers.rip, BEHIND_THE_CALL);
    EXPECT_EQ(static_cast<int64_t>(with_block.registers.rax), -EINTR);
    EXPECT_NE(with_block.told, "");
    EXPECT_FALSE(with_block.is_doubtful);
    // What a call has returned stays, and what was in none.
    for (const auto& [call, result] :
         {std::pair<int64_t, int64_t>{SYS_read, 5}, {-1, -512}, {SYS_read, -ENOSYS}}) {
        const GoesOn goes = goes_on_from(call, result, "frozen");
        EXPECT_EQ(goes.registers.rip, BEHIND_THE_CALL);
        EXPECT_EQ(static_cast<int64_t>(goes.registers.rax), result);
        EXPECT_EQ(goes.told, "");
    }
}

TEST(Thread, ThatDidNotStandStillIsDoubtedInsideOfACall) {
    const GoesOn goes = goes_on_from(SYS_write, -ENOSYS, "dead");
    EXPECT_TRUE(goes.is_doubtful);
    EXPECT_EQ(goes.registers.rip, BEHIND_THE_CALL - 2);
    EXPECT_EQ(goes.registers.rax, static_cast<uint64_t>(SYS_write));
}

TEST(Thread, LeavesACriticalSectionByItsEmergencyExit) {
    std::vector<std::byte> memory(PAGE_BYTES);
    const uint64_t place = 0x500000;
    const auto put = [&](uint64_t at, uint64_t value) {
        std::memcpy(memory.data() + at, &value, sizeof value);
    };
    put(8, place + 64);                 // rseq.rseq_cs
    put(64 + 8, BEHIND_THE_CALL - 16);  // start_ip
    put(64 + 16, 32);                   // post_commit_offset
    put(64 + 24, 0x409999);             // abort_ip
    SavedProcess process;
    process.held = "frozen";
    process.pieces.push_back({place, memory});
    SavedThread thread;
    thread.registers.orig_rax = ~0ULL;
    thread.registers.rip = BEHIND_THE_CALL;
    thread.rseq = place;
    EXPECT_EQ(goes_on(process, thread).registers.rip, 0x409999U);
    thread.registers.rip = BEHIND_THE_CALL + 16;
    EXPECT_EQ(goes_on(process, thread).registers.rip, BEHIND_THE_CALL + 16) << "behind its end";
}

// This machine's own page, with calls in place of its code, tells the same time.
TEST(KernelCode, IsReplacedBySystemCalls) {
    const auto own = own_mappings("self");
    ASSERT_TRUE(own);
    SavedProcess process;
    process.auxiliary = {AT_SYSINFO_EHDR, 0, AT_NULL, 0};
    const KernelCode code = compare_kernel_code(process, *own);
    ASSERT_NE(code.code_here.size(), 0U);
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* page = reinterpret_cast<const std::byte*>(code.code_here.first);
    const Bytes image(page, code.code_here.size());
    const auto made = with_system_calls(image);
    ASSERT_EQ(made.size(), image.size());
    EXPECT_NE(std::memcmp(made.data(), image.data(), made.size()), 0);
    // "mov $228, %eax; syscall; ret", once, where clock_gettime() was.
    const std::string call("\xb8\xe4\0\0\0\x0f\x05\xc3", 8);
    EXPECT_TRUE(as_text(made).contains(call));
    EXPECT_FALSE(as_text(image).contains(call));
    EXPECT_TRUE(with_system_calls(image.first(1000)).empty());
}

TEST(KernelCode, IsTheSameWhereTheProcessSawNoOtherPage) {
    const auto own = own_mappings("self");
    ASSERT_TRUE(own);
    SavedProcess none;
    const KernelCode here = compare_kernel_code(none, *own);
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* page = reinterpret_cast<const std::byte*>(here.code_here.first);
    std::vector<std::byte> saved(page, page + here.code_here.size());
    std::fill(saved.begin() + PAGE_BYTES, saved.end(), std::byte{0});
    const uint64_t place = 0x7f0000100000;
    SavedProcess process;
    process.auxiliary = {AT_SYSINFO_EHDR, place, AT_NULL, 0};
    SavedMapping data;
    data.range = {place - here.data_here.size(), place};
    data.flags = VM_PFNMAP | VM_IO | VM_READ;
    SavedMapping mapped;
    mapped.range = {place, place + saved.size()};
    mapped.flags = VM_READ | VM_EXEC;
    process.mappings = {data, mapped};
    process.pieces.push_back({place, saved});
    EXPECT_TRUE(compare_kernel_code(process, *own).is_same);
    saved[2000] ^= std::byte{1};
    EXPECT_FALSE(compare_kernel_code(process, *own).is_same);
}

TEST(Place, IsFreeForBoth) {
    const std::vector<OwnMapping> own = {{{0x10000, 0x300000}, ""}, {{0x8000000, 0x9000000}, ""}};
    SavedMapping saved;
    saved.range = {0x400000, 0x7000000};
    const auto place = free_place(own, {saved}, 0x100000);
    ASSERT_TRUE(place);
    const SavedRange there{*place, *place + 0x100000};
    for (const OwnMapping& one : own) EXPECT_FALSE(there.meets(one.range));
    EXPECT_FALSE(there.meets(saved.range));
    saved.range = {0, END_OF_ADDRESSES};
    EXPECT_FALSE(free_place(own, {saved}, 0x100000));
}

}  // namespace
}  // namespace defib::boot
