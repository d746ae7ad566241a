// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/evidence.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "engine/detectors/faults.h"

namespace defib::boot {
namespace {

using Evidence = std::array<uint64_t, DEFIB_FINDING_EVIDENCE>;

std::string text_of(uint64_t fault, const Evidence& evidence) {
    return evidence_text(fault, evidence, [](uint64_t address) {
        return address == 0xffffffff82a00010 ? "tasklist_lock+0x10" : "";
    });
}

// By the detector that reports it: the words that the table names.
std::map<std::string, std::set<size_t>> named_words() {
    std::map<std::string, std::set<size_t>> named;
    const std::pair<const char*, uint32_t> faults[] = {
#define DEFIB_FAULT_OF(detector, fault, named) {#detector, uint32_t{DEFIB_FAULT_##fault}},
        DEFIB_DETECTOR_FAULTS(DEFIB_FAULT_OF)
#undef DEFIB_FAULT_OF
    };
    for (const auto& [detector, fault] : faults) {
        const FaultEvidence* known = evidence_of(fault);
        EXPECT_NE(known, nullptr) << detector << " " << fault;
        for (size_t i = 0; known != nullptr && i < known->words.size(); i++) {
            if (known->words[i].unit != Unit::none) named[detector].insert(i);
        }
    }
    return named;
}

TEST(Evidence, NamesEachWordThatADetectorFills) {
    std::map<std::string, std::set<size_t>> filled;
    const std::regex word(R"(evidence\[(\d)\]\s*(\+?=)[^=])");
    for (const auto& file : std::filesystem::directory_iterator(DEFIB_DETECTOR_SOURCES)) {
        if (file.path().extension() != ".cpp") continue;
        std::ifstream source(file.path());
        const std::string text(std::istreambuf_iterator<char>(source), {});
        for (std::sregex_iterator at(text.begin(), text.end(), word); at != std::sregex_iterator();
             ++at) {
            filled[file.path().stem().string()].insert(std::stoul((*at)[1].str()));
        }
    }
    EXPECT_FALSE(filled.empty());
    EXPECT_EQ(named_words(), filled);
}

TEST(Evidence, HasNamesThatDiffer) {
    for (uint32_t fault = 1; evidence_of(fault) != nullptr; fault++) {
        std::set<std::string> names;
        for (const EvidenceWord& word : evidence_of(fault)->words) {
            if (word.unit == Unit::none) continue;
            EXPECT_TRUE(names.insert(word.name).second) << fault << " " << word.name;
        }
    }
}

TEST(Evidence, NamesADiskByItsNumbers) {
    EXPECT_EQ(text_of(DEFIB_FAULT_DISK_BUSY, {254 << 20 | 16, 99, 1500, 12, 40}),
              "disk 254:16, busy 99 % of the time, a request takes 1.5 s, 12 a second are served, "
              "CPUs waited for disks 40 % of the time");
}

TEST(Evidence, OfMemoryIsInMegabytesAndSaysWhatIsLeft) {
    EXPECT_EQ(text_of(DEFIB_FAULT_MEMORY_LOW, {118784, 1869, 65536, 0, 8448, 400, 61, 13312}),
              "available 7.3 MB of 464 MB (1 %), swap free 0 MB of 256 MB, falls 33 MB/s, "
              "400 ms left, pressure 61 %, the kernel has 52 MB");
    // Nothing falls: no time is left or not left, whatever stands there.
    for (const uint64_t left : {uint64_t{0}, ~uint64_t{0}}) {
        EXPECT_EQ(text_of(DEFIB_FAULT_KERNEL_MEMORY, {118784, 1869, 0, 0, 0, left, 0, 100000}),
                  "available 7.3 MB of 464 MB (1 %), no swap, pressure 0 %, "
                  "unreclaimable slabs have 391 MB");
    }
}

TEST(Evidence, OfALockNamesItsSymbolWhereItHasOne) {
    EXPECT_EQ(text_of(DEFIB_FAULT_SPINLOCK_LEAKED, {0xffffffff82a00010, 1, 2, 2, 1204, 0, 0, 9}),
              "lock 0xffffffff82a00010 (tasklist_lock+0x10), its word 0x1, 2 CPUs spin, of 2, "
              "for 1.2 s");
    EXPECT_EQ(text_of(DEFIB_FAULT_SPINLOCK_LEAKED, {0xffff888001234000, 1, 2, 2, 1204, 77, 0, 9}),
              "lock 0xffff888001234000, its word 0x1, 2 CPUs spin, of 2, for 1.2 s, "
              "a CPU is cut off from its queue");
    EXPECT_EQ(text_of(DEFIB_FAULT_SPINLOCK_HELD, {0xffff888001234000, 1, 1, 2, 900, 4, 0x200, 9}),
              "lock 0xffff888001234000, its word 0x1, 1 CPUs spin, of 2, for 900 ms, "
              "a sleeping task may hold it, taint 0x200");
    EXPECT_EQ(text_of(DEFIB_FAULT_TASK_BLOCKED, {0xffff888001234000, 1, 3, 0xffff888009999000}),
              "lock 0xffff888001234000, a mutex, waiters: 3, owner: task at 0xffff888009999000");
    EXPECT_EQ(text_of(DEFIB_FAULT_TASK_BLOCKED, {0, 0, 2}), "waiters: 2");
    EXPECT_THAT(locks_in(DEFIB_FAULT_TASK_BLOCKED, 0, Evidence{7, 1}), ::testing::ElementsAre(7));
    EXPECT_THAT(locks_in(DEFIB_FAULT_CPU_STUCK, 0, Evidence{7, 1}), ::testing::IsEmpty());
}

TEST(Evidence, OfAPanicSaysWhere) {
    EXPECT_EQ(text_of(DEFIB_FAULT_PANIC, {1, 0, 0}), "CPU 1");
    EXPECT_EQ(text_of(DEFIB_FAULT_OOPS, {0, 1, 0x80}),
              "it was so before anybody looked, taint 0x80");
}

TEST(Evidence, IsJsonByName) {
    const Evidence stuck = {1, 4012, 1003, 2, 1, 77, 0, 0};
    EXPECT_EQ(evidence_json(DEFIB_FAULT_CPU_STUCK, 0, std::span(stuck).first(4)).dump(),
              R"({"cpu":1,"lasts_ms":4012,"timer_ticks":1003,"runnable":2})");
    const Evidence lock = {0xffff888001234000, 1};
    EXPECT_EQ(evidence_json(DEFIB_FAULT_LOST_WAKEUP, 0, std::span(lock).first(2)).dump(),
              R"({"lock":"0xffff888001234000","lock_kind":1})");
    EXPECT_EQ(evidence_json(999, 0, lock).dump(), "{}");
    EXPECT_EQ(evidence_json(DEFIB_FAULT_CPU_STUCK, 4000000000, lock).dump(), "{}");
}

TEST(Evidence, WeighsCulpritsInTheUnitOfTheFault) {
    EXPECT_EQ(culprit_text(DEFIB_FAULT_MEMORY_LOW, 58880, 7424), "230 MB, grows 29 MB/s");
    EXPECT_EQ(culprit_text(DEFIB_FAULT_MEMORY_LOW, 58880, 0), "230 MB");
    EXPECT_EQ(culprit_text(DEFIB_FAULT_CPU_OVERLOAD, 2040, 980), "ran 2.0 s, takes 98 % of a CPU");
    EXPECT_EQ(culprit_text(DEFIB_FAULT_FORK_BOMB, 4012, 0), "4012 processes");
    EXPECT_EQ(culprit_text(DEFIB_FAULT_THREADS_LOW, 500, 0), "500 threads");
    EXPECT_EQ(culprit_text(DEFIB_FAULT_TASK_BLOCKED, 0, 0), "");
    EXPECT_EQ(culprit_text(999, 5, 6), "weight 5, growth 6/s");
}

}  // namespace
}  // namespace defib::boot
