// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/core_series.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>

#include <fstream>
#include <set>

namespace defib::boot {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t PAGE = 4096;

struct Folder {
    Folder() { fs::create_directories(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path); }

    std::set<std::string> names() const {
        std::set<std::string> all;
        for (const auto& one : fs::directory_iterator(path)) all.insert(one.path().filename());
        return all;
    }
    fs::path path = fs::temp_directory_path() / ("core_series_test." + std::to_string(getpid()));
};

std::vector<std::byte> page_of(char letter) {
    return std::vector<std::byte>(PAGE, static_cast<std::byte>(letter));
}

// A core of such pages; how many had to be written.
Result<size_t> add(CoreSeries& series, const std::string& letters) {
    auto file = series.begin();
    if (!file) return std::unexpected(file.error());
    size_t written = 0;
    for (size_t i = 0; i < letters.size(); i++) {
        const auto page = page_of(letters[i]);
        if (!series.known().takes(i, page)) continue;
        written++;
        if (auto put = file->put(i * PAGE, page); !put) return std::unexpected(put.error());
    }
    series.known().forget_behind(letters.size());
    if (auto done = file->finish(letters.size() * PAGE); !done)
        return std::unexpected(done.error());
    if (auto taken = series.take(); !taken) return std::unexpected(taken.error());
    return written;
}

std::string letters_in(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string all(std::istreambuf_iterator<char>(file), {});
    std::string letters;
    for (size_t at = 0; at < all.size(); at += PAGE) letters.push_back(all[at]);
    return letters;
}

TEST(CoreSeries, KeepsTheLastAndWritesWhatDiffers) {
    const Folder folder;
    const fs::path core = folder.path / "core";
    auto series = CoreSeries::open(core, 2);
    ASSERT_TRUE(series);
    EXPECT_EQ(add(*series, "aaaa"), 4U);
    EXPECT_EQ(add(*series, "abaa"), 4U);
    EXPECT_EQ(add(*series, "acaa"), 4U) << "no older one to be had";
    EXPECT_EQ(folder.names(), (std::set<std::string>{"core", "core.2", "core.3", "core.spare"}));
    EXPECT_EQ(letters_in(core), "acaa");
    // Of the first one: one page differs. Then the second's, which is longer now.
    EXPECT_EQ(add(*series, "adaa"), 1U);
    EXPECT_EQ(add(*series, "abaaee"), 2U);
    EXPECT_EQ(letters_in(core), "abaaee");
    EXPECT_EQ(letters_in(folder.path / "core.4"), "adaa");
    EXPECT_EQ(fs::read_symlink(core), "core.5");
    // And shorter again: what was behind its end is not known any more.
    EXPECT_EQ(add(*series, "ac"), 0U);
    EXPECT_EQ(add(*series, "adaaee"), 2U);
    EXPECT_EQ(letters_in(core), "adaaee");
    EXPECT_EQ(letters_in(folder.path / "core.6"), "ac");
}

TEST(CoreSeries, GoesOnWhereAnotherProgramWasKilled) {
    const Folder folder;
    const fs::path core = folder.path / "core";
    {
        auto series = CoreSeries::open(core, 2);
        ASSERT_TRUE(series);
        for (const char* one : {"a", "b", "c"}) ASSERT_TRUE(add(*series, one));
    }
    std::ofstream(folder.path / "core.4.unfinished") << "half";
    std::ofstream(folder.path / "core.other") << "not ours";
    auto series = CoreSeries::open(core, 2);
    ASSERT_TRUE(series);
    EXPECT_EQ(folder.names(), (std::set<std::string>{"core", "core.2", "core.3", "core.other"}));
    EXPECT_EQ(add(*series, "d"), 1U);
    EXPECT_EQ(folder.names(), (std::set<std::string>{"core", "core.3", "core.4", "core.other"}));
    EXPECT_EQ(letters_in(core), "d");
}

TEST(CoreSeries, LeavesAloneWhatIsRead) {
    const Folder folder;
    const fs::path core = folder.path / "core";
    auto series = CoreSeries::open(core, 1);
    ASSERT_TRUE(series);
    ASSERT_TRUE(add(*series, "aa"));
    const UniqueFd reader(open((folder.path / "core.1").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(flock(reader.get(), LOCK_SH), 0);
    ASSERT_TRUE(add(*series, "bb"));
    EXPECT_EQ(add(*series, "cc"), 2U) << "a file of its own";
    char letter = 0;
    EXPECT_EQ(pread(reader.get(), &letter, 1, PAGE), 1);
    EXPECT_EQ(letter, 'a');
    EXPECT_EQ(letters_in(core), "cc");
}

TEST(CoreSeries, RefusesAFileUnderItsName) {
    const Folder folder;
    std::ofstream(folder.path / "core") << "mine";
    const auto series = CoreSeries::open(folder.path / "core", 2);
    ASSERT_FALSE(series);
    EXPECT_EQ(folder.names(), std::set<std::string>{"core"});
}

}  // namespace
}  // namespace defib::boot
