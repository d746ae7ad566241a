// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/journal_file.h"

#include <gtest/gtest.h>

#include <memory>

#include "boot/journal/reader.h"
#include "engine/base/file.h"
#include "engine/runtime/journal.h"
#include "signing/testing.h"

namespace defib::boot {
namespace {

struct JournalFileTest : testing::Test {
    Result<JournalFile> open() { return JournalFile::open(path(), Manifest{}, 7, "vm:ram"); }
    std::filesystem::path path() const { return folder / "journal"; }
    void append(DefibJournalKind kind) { runtime::append(*journal, ++now_ns, kind, 0); }

    signing::testing::Folder folder;
    std::unique_ptr<DefibJournal> journal = std::make_unique<DefibJournal>();
    uint64_t now_ns = 0;
};

TEST_F(JournalFileTest, HasEveryEntryAndNoticesThatTheKernelIsAnother) {
    auto file = open();
    ASSERT_TRUE(file) << to_line(file.error());
    append(DEFIB_JOURNAL_STARTED);
    EXPECT_EQ(file->drain(*journal), JournalFile::Drained::done);
    EXPECT_FALSE(file->tells_of_another_kernel());
    append(DEFIB_JOURNAL_IDENTITY_LOST);
    append(DEFIB_JOURNAL_STOPPED);
    EXPECT_EQ(file->drain(*journal), JournalFile::Drained::done);
    EXPECT_TRUE(file->tells_of_another_kernel());
    EXPECT_EQ(file->entries(), 3U);
    const auto bytes = MappedFile::open(path());
    ASSERT_TRUE(bytes);
    const auto read = read_journal(bytes->bytes(), "journal");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->sessions.back().entries.size(), 3U);
}

TEST_F(JournalFileTest, CountsWhatWasOverwrittenAsLostAndNotAsWritten) {
    auto file = open();
    ASSERT_TRUE(file);
    for (int i = 0; i < DEFIB_JOURNAL_ENTRIES + 10; i++) append(DEFIB_JOURNAL_FINDING);
    EXPECT_EQ(file->drain(*journal), JournalFile::Drained::done);
    EXPECT_EQ(file->entries(), uint64_t{DEFIB_JOURNAL_ENTRIES});
}

TEST_F(JournalFileTest, FullStillNoticesWhatItDoesNotWrite) {
    auto file = open();
    ASSERT_TRUE(file);
    auto drained = JournalFile::Drained::done;
    while (drained == JournalFile::Drained::done) {
        for (int i = 0; i < DEFIB_JOURNAL_ENTRIES; i++) append(DEFIB_JOURNAL_FINDING);
        drained = file->drain(*journal);
    }
    ASSERT_EQ(drained, JournalFile::Drained::full);
    const uint64_t entries = file->entries();
    EXPECT_LE(std::filesystem::file_size(path()), JOURNAL_FILE_MOST);
    append(DEFIB_JOURNAL_IDENTITY_LOST);
    EXPECT_EQ(file->drain(*journal), JournalFile::Drained::full);
    EXPECT_TRUE(file->tells_of_another_kernel());
    EXPECT_EQ(file->entries(), entries);
}

}  // namespace
}  // namespace defib::boot
