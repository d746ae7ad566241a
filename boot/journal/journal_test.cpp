// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "boot/journal/file.h"
#include "boot/journal/narrator.h"
#include "boot/journal/reader.h"
#include "boot/journal/writer.h"
#include "engine/abi/finding.h"
#include "engine/abi/policy.h"
#include "engine/runtime/respond.h"

namespace defib::boot {
namespace {

using ::testing::HasSubstr;

constexpr size_t FRAME = sizeof(JournalFrame);

struct JournalOnDisk : ::testing::Test {
    void SetUp() override {
        std::filesystem::remove(path);
        write_session();
    }
    void TearDown() override { std::filesystem::remove(path); }

    void write_session() {
        const auto fd = open_journal(path);
        ASSERT_TRUE(fd) << to_line(fd.error());
        JournalWriter writer(fd->get());
        EXPECT_TRUE(writer.start(1000, 50, 77, "vm:/dev/shm/guest"));
        EXPECT_TRUE(writer.name(NameOf::routine, 7, "signal"));
        EXPECT_TRUE(writer.name(NameOf::rule, 0, "low"));
        EXPECT_TRUE(writer.entry({1, 50, DEFIB_JOURNAL_STARTED, 1, {}, 0}));
        EXPECT_TRUE(
            writer.entry({2, 60, DEFIB_JOURNAL_OPENED, DEFIB_FAULT_MEMORY_LOW, {0, 0, 0, 1}, 1}));
        EXPECT_TRUE(writer.lost(3, 5));
    }

    std::string bytes() const {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void put(const std::string& content) const {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    }
    Result<ReadJournal> read() const {
        const std::string content = bytes();
        return read_journal(as_bytes(content), "test");
    }

    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("defib-journal-test-" + std::to_string(getpid()));
};

TEST_F(JournalOnDisk, GivesBackWhatWasWritten) {
    const auto journal = read();
    ASSERT_TRUE(journal) << to_line(journal.error());
    EXPECT_FALSE(journal->is_damaged);
    EXPECT_FALSE(journal->is_cut_off);
    ASSERT_EQ(journal->sessions.size(), 1U);
    const JournalSession& session = journal->sessions[0];
    EXPECT_EQ(session.target, "vm:/dev/shm/guest");
    EXPECT_EQ(session.manifest_digest, 77U);
    EXPECT_EQ(session.names.at({NameOf::routine, 7}), "signal");
    ASSERT_EQ(session.entries.size(), 2U);
    EXPECT_EQ(session.entries[1].case_number, 1U);
    EXPECT_EQ(session.lost, 3U);
}

TEST_F(JournalOnDisk, KeepsALongNameOfATarget) {
    const std::string name = "vm:/var/lib/" + std::string(150, 'g') + "/of a guest.ram";
    std::filesystem::remove(path);
    const auto fd = open_journal(path);
    ASSERT_TRUE(fd);
    JournalWriter writer(fd->get());
    ASSERT_TRUE(writer.start(1000, 50, 77, name));
    const auto journal = read();
    ASSERT_TRUE(journal);
    EXPECT_FALSE(journal->is_damaged);
    ASSERT_EQ(journal->sessions.size(), 1U);
    EXPECT_EQ(journal->sessions[0].target, name);
    EXPECT_TRUE(journal->sessions[0].names.empty());
}

TEST_F(JournalOnDisk, HoldsManySessions) {
    write_session();
    const auto journal = read();
    ASSERT_TRUE(journal);
    EXPECT_FALSE(journal->is_damaged);
    EXPECT_EQ(journal->sessions.size(), 2U);
}

TEST_F(JournalOnDisk, IsGoodUpToWhereAWriteWasInterrupted) {
    const std::string whole = bytes();
    for (size_t size = FRAME; size < whole.size(); size++) {
        const auto journal =
            read_journal(as_bytes(std::string_view(whole).substr(0, size)), "test");
        ASSERT_TRUE(journal);
        EXPECT_FALSE(journal->is_damaged);
        EXPECT_EQ(journal->is_cut_off, size % FRAME != 0);
        EXPECT_EQ(journal->damaged_from, size / FRAME * FRAME);
    }
}

TEST_F(JournalOnDisk, GoesOnBehindAnInterruptedWrite) {
    put(bytes() + "half a frame");
    write_session();
    const auto journal = read();
    ASSERT_TRUE(journal);
    EXPECT_FALSE(journal->is_damaged);
    EXPECT_EQ(journal->sessions.size(), 2U);
}

TEST_F(JournalOnDisk, TellsOfEachChangedByte) {
    const std::string whole = bytes();
    for (size_t at = FRAME; at < whole.size(); at++) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 4);
        const auto journal = read_journal(as_bytes(changed), "test");
        ASSERT_TRUE(journal);
        EXPECT_TRUE(journal->is_damaged) << at;
        EXPECT_EQ(journal->damaged_from, at / FRAME * FRAME);
    }
}

TEST_F(JournalOnDisk, TellsOfAFrameThatIsMissingOrMoved) {
    const std::string whole = bytes();
    const std::string without = whole.substr(0, 3 * FRAME) + whole.substr(4 * FRAME);
    EXPECT_TRUE(read_journal(as_bytes(without), "test")->is_damaged);
    const std::string swapped = whole.substr(0, 3 * FRAME) + whole.substr(4 * FRAME, FRAME) +
                                whole.substr(3 * FRAME, FRAME) + whole.substr(5 * FRAME);
    EXPECT_TRUE(read_journal(as_bytes(swapped), "test")->is_damaged);
}

TEST_F(JournalOnDisk, IsNotWrittenIntoAnotherFile) {
    const std::string other =
        "a diary of somebody else's, longer than a frame is: " + std::string(100, '.');
    put(other);
    const auto fd = open_journal(path);
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.error().code, DEFIB_ERROR_BOOT_JOURNAL);
    EXPECT_EQ(bytes(), other);
    EXPECT_FALSE(read());
}

TEST(Narrator, SaysEachEventInOneLine) {
    const JournalNames names = {{{NameOf::routine, 7}, "signal"}, {{NameOf::rule, 0}, "low"}};
    Narrator narrator(names, 1000000000);
    EXPECT_EQ(
        narrator.line_of(
            {1, 3500000000, DEFIB_JOURNAL_OPENED, DEFIB_FAULT_MEMORY_LOW, {0, 0, 0, 1}, 4}),
        "     2.500 s  #4   FOUND memory_low: free memory and swap are nearly gone (rule low)");
    EXPECT_THAT(narrator.line_of({2,
                                  3500000000,
                                  DEFIB_JOURNAL_VICTIM,
                                  812,
                                  {5, DEFIB_VICTIM_LARGEST, 0x676f682d76, 0},
                                  4}),
                HasSubstr("victim: 812 v-hog, the largest"));
    // Every kind has a line, or is for machines only; none is unknown.
    for (uint32_t kind = DEFIB_JOURNAL_OPENED; kind <= DEFIB_JOURNAL_WOULD; kind++) {
        const DefibJournalEntry entry{1, 3500000000, kind, 7, {0, 1, 0x0a41, 0}, 1};
        const std::string line = narrator.line_of(entry);
        EXPECT_EQ(line.find('\n'), std::string::npos) << kind;
        EXPECT_NE(narrator.json_of(entry).at("event"), "unknown") << kind;
    }
}

// What a narrator says of a case, entry by entry.
struct Told {
    JournalNames names;
    Narrator narrator{names, 1000000000};
    uint64_t sequence = 0;

    DefibJournalEntry next(uint32_t kind, uint32_t subject, std::array<uint64_t, 4> v) {
        return {++sequence, 3500000000, kind, subject, {v[0], v[1], v[2], v[3]}, 4};
    }
    std::string line(uint32_t kind, uint32_t subject, std::array<uint64_t, 4> v) {
        const std::string line = narrator.line_of(next(kind, subject, v));
        return line.size() < 19 ? line : line.substr(19);
    }
    nlohmann::ordered_json json(uint32_t kind, uint32_t subject, std::array<uint64_t, 4> v) {
        return narrator.json_of(next(kind, subject, v));
    }
    void open(uint32_t fault, uint64_t since_ns) {
        line(DEFIB_JOURNAL_OPENED, fault, {0, 0, since_ns, 1});
    }
    // As the engine writes a line of the log.
    std::vector<std::string> log(const std::string& text, uint32_t behind) {
        std::vector<std::string> lines;
        const auto add = [&](uint32_t piece, std::array<uint64_t, 4> v) {
            const uint32_t subject = behind << DEFIB_LOG_LINE_SHIFT | piece;
            lines.push_back(line(DEFIB_JOURNAL_LOG_LINE, subject, v));
        };
        add(0, {70 - behind, 12345678000, 0, text.size()});
        for (size_t at = 0; at < text.size(); at += 32) {
            std::array<uint64_t, 4> words{};
            std::memcpy(words.data(), text.data() + at, std::min<size_t>(32, text.size() - at));
            add(static_cast<uint32_t>(1 + at / 32), words);
        }
        return lines;
    }
};

TEST(Narrator, TellsTheEvidenceInOneLineAndSinceWhen) {
    Told told;
    told.open(DEFIB_FAULT_CPU_STUCK, 2250000000);
    EXPECT_EQ(told.line(DEFIB_JOURNAL_EVIDENCE, 0, {1, 4012, 1003, 2}), "");
    EXPECT_EQ(
        told.line(DEFIB_JOURNAL_EVIDENCE, 4, {1, 77, 2500, 0}),
        "  CPU 1, for 4.0 s, 1003 ticks of its timer meanwhile, 2 runnable, preempt count "
        "0x1, 77 switches before, its task was in the kernel for 2.5 s in all, since 1.250 s");
    const auto json = told.json(DEFIB_JOURNAL_EVIDENCE, 4, {1, 77, 0, 0});
    EXPECT_EQ(json["evidence"].dump(), R"({"preempt_count":1,"switches":77,"kernel_ms":0})");
    EXPECT_EQ(json["values"].dump(), "[1,77,0,0]");
}

TEST(Narrator, NamesTheRunnersUpBesideTheVictim) {
    Told told;
    told.open(DEFIB_FAULT_MEMORY_FALLING, 3500000000);
    EXPECT_EQ(told.line(DEFIB_JOURNAL_CULPRIT, 145, {58880, 0, 0x656c6469, 0}),
              "  culprit 145 idle, 230 MB");
    told.line(DEFIB_JOURNAL_CULPRIT, 146, {50000, 0, 0x62, 0});
    told.line(DEFIB_JOURNAL_CULPRIT, 147, {40000, 7424, 0x676f68, 0});
    told.line(DEFIB_JOURNAL_CULPRIT, 148, {256, 256, 0x6c6c616d73, 0});
    told.line(DEFIB_JOURNAL_DECLINED, DEFIB_DECLINE_NAME, {0, 146, 0x62, 0});
    EXPECT_EQ(told.line(DEFIB_JOURNAL_VICTIM, 147, {5, DEFIB_VICTIM_FASTEST, 0x676f68, 0}),
              "victim: 147 hog, the fastest-growing; runners-up: 148 small (1.0 MB, grows 1.0 "
              "MB/s), 145 idle (230 MB)");
    const auto json = told.json(DEFIB_JOURNAL_VICTIM, 147, {5, DEFIB_VICTIM_FASTEST, 0, 0});
    EXPECT_EQ(json["runners_up"][0].dump(),
              R"({"pid":148,"name":"small","weight":{"pages":256,"pages_per_s":256}})");
}

TEST(Narrator, ShowsTheLastLinesOfAPanicsLog) {
    using ::testing::ElementsAre;
    Told told;
    told.open(DEFIB_FAULT_PANIC, 3500000000);
    EXPECT_THAT(told.log("Hardware name: a machine", 40), ElementsAre("", ""));
    EXPECT_THAT(told.log("Kernel panic - not syncing: sysrq triggered crash", 39),
                ElementsAre("", "",
                            "    [   12.345678] Kernel panic - not syncing: sysrq "
                            "triggered crash"));
    EXPECT_THAT(told.log("a\nb\x1b[2J", 0), ElementsAre("", "    [   12.345678] a\\x0ab\\x1b[2J"));
    // A piece of it was lost.
    told.line(DEFIB_JOURNAL_LOG_LINE, 0, {71, 0, 0, 40});
    EXPECT_EQ(told.line(DEFIB_JOURNAL_LOG_LINE, 2, {0x41, 0, 0, 0}), "");
    told.line(DEFIB_JOURNAL_LOG_LINE, 0, {72, 5, 3, 2});
    EXPECT_EQ(told.json(DEFIB_JOURNAL_LOG_LINE, 1, {0x4241, 0, 0, 0})["line"].dump(),
              R"({"sequence":72,"time_ns":5,"level":3,"behind":0,"text":"AB"})");
}

TEST(Narrator, SaysWhichLockIsLetGo) {
    Told told;
    told.names[symbol_key(0xffffffff82a00010)] = "tasklist_lock+0x10";
    told.open(DEFIB_FAULT_SPINLOCK_LEAKED, 3500000000);
    const auto json = told.json(DEFIB_JOURNAL_EVIDENCE, 0, {0xffffffff82a00010, 1, 2, 2});
    EXPECT_EQ(json["symbol"], "tasklist_lock+0x10");
    EXPECT_EQ(told.line(DEFIB_JOURNAL_STEP, 7, {0, 0xffffffff82a00010, 5, 0}),
              "DOES step 1: 7, lock 0xffffffff82a00010 (tasklist_lock+0x10)");
    EXPECT_EQ(told.line(DEFIB_JOURNAL_STEP, 7, {0, 1, 2, 3}), "DOES step 1: 7");
}

}  // namespace
}  // namespace defib::boot
