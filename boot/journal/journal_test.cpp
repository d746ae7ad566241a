// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "boot/journal/file.h"
#include "boot/journal/narrator.h"
#include "boot/journal/reader.h"
#include "boot/journal/writer.h"
#include "engine/abi/finding.h"
#include "engine/abi/policy.h"

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
    const Narrator narrator(names, 1000000000);
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

}  // namespace
}  // namespace defib::boot
