// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/base/unique_fd.h"

namespace defib {
namespace {

class FileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "defib-file-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    size_t count() const {
        return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                                 std::filesystem::directory_iterator()));
    }

    std::filesystem::path folder_;
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
    ASSERT_TRUE(write_atomically(folder_ / "a", "hello"));
    const auto file = MappedFile::open(folder_ / "a");
    ASSERT_TRUE(file);
    EXPECT_EQ(as_text(file->bytes()), "hello");
    EXPECT_EQ(count(), 1U);
}

TEST_F(FileTest, AnEmptyFileReadsAsEmpty) {
    ASSERT_TRUE(write_atomically(folder_ / "empty", ""));
    const auto file = MappedFile::open(folder_ / "empty");
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->bytes().empty());
}

TEST_F(FileTest, AFailedWriteLeavesNothingBehind) {
    std::filesystem::create_directory(folder_ / "taken");
    const auto written = write_atomically(folder_ / "taken", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, DEFIB_ERROR_BASE_CANNOT_WRITE);
    EXPECT_EQ(count(), 1U);
    EXPECT_FALSE(write_atomically(folder_ / "no" / "such" / "folder", "x"));
}

TEST_F(FileTest, ALinkToWhatIsOpenIsWrittenThroughAndStays) {
    const auto target = folder_ / "target";
    const UniqueFd fd(::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_TRUE(fd.is_open());
    ASSERT_EQ(::write(fd.get(), "before ", 7), 7);
    const auto link = folder_ / "stdout";  // as /dev/stdout is one
    std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd.get()), link);
    ASSERT_TRUE(write_atomically(link, "hello"));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    const auto file = MappedFile::open(target);
    ASSERT_TRUE(file);
    EXPECT_EQ(as_text(file->bytes()), "before hello");
    EXPECT_EQ(count(), 2U);
}

TEST_F(FileTest, ALinkToAFileIsReplaced) {
    ASSERT_TRUE(write_atomically(folder_ / "target", "old"));
    std::filesystem::create_symlink("target", folder_ / "link");
    ASSERT_TRUE(write_atomically(folder_ / "link", "new"));
    EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "link"));
    const auto file = MappedFile::open(folder_ / "target");
    ASSERT_TRUE(file);
    EXPECT_EQ(as_text(file->bytes()), "old");
}

TEST_F(FileTest, AMissingFileAndAFolderAreErrorsThatNameThem) {
    const auto missing = MappedFile::open(folder_ / "none");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, DEFIB_ERROR_BASE_CANNOT_READ);
    EXPECT_EQ(missing.error().object, (folder_ / "none").string());
    EXPECT_FALSE(MappedFile::open(folder_));
}

TEST_F(FileTest, AFileWithoutASizeIsReadWhole) {
    const auto file = MappedFile::open("/proc/self/status");
    ASSERT_TRUE(file);
    EXPECT_NE(as_text(file->bytes()).find("Name:"), std::string_view::npos);
}

TEST_F(FileTest, AnEndlessStreamIsRefused) {
    const auto file = MappedFile::open("/dev/zero");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().detail, "an endless stream");
}

}  // namespace
}  // namespace defib
