// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/save_folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "boot/salvage/saved_name.h"

namespace defib::boot {
namespace {

namespace fs = std::filesystem;

class SaveFolderTest : public ::testing::Test {
  protected:
    SaveFolderTest() {
        std::string name = (fs::temp_directory_path() / "defib-folder-XXXXXX").string();
        around_ = ::mkdtemp(name.data());
    }
    ~SaveFolderTest() override { fs::remove_all(around_); }

    fs::path target() const { return around_ / "saved"; }
    SaveFolder make() {
        auto made = SaveFolder::make(target());
        EXPECT_TRUE(made) << to_line(made.error());
        return std::move(*made);
    }
    static std::string put(SaveFolder& folder, const Path& path, const std::string& text) {
        const auto made = folder.make_file(path);
        EXPECT_TRUE(made) << to_line(made.error());
        if (!made) return {};
        EXPECT_EQ(::write(made->fd.get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
        return made->name;
    }
    std::string content(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(target() / name).rdbuf();
        return text.str();
    }
    // What lies beside the folder: nothing may.
    size_t neighbours() const {
        size_t count = 0;
        for (const auto& entry : fs::directory_iterator(around_))
            count += entry.path().filename().string().starts_with("saved") ? 0 : 1;
        return count;
    }

    fs::path around_;
};

TEST_F(SaveFolderTest, HasItsNameWhenAllIsThere) {
    SaveFolder folder = make();
    EXPECT_EQ(put(folder, {"ext4-vda", "home", "a"}, "one"), "ext4-vda/home/a");
    EXPECT_FALSE(fs::exists(target()));
    ASSERT_TRUE(folder.finish());
    EXPECT_EQ(content("ext4-vda/home/a"), "one");
    EXPECT_FALSE(fs::exists(target().string() + ".unfinished"));
    struct stat status = {};
    ASSERT_EQ(::stat(target().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << "what was in memory may be anybody's secret";
}

TEST_F(SaveFolderTest, IsNotLeftByAnyName) {
    SaveFolder folder = make();
    EXPECT_EQ(put(folder, {"f", "..", "..", "evil"}, "x"), "f/%2E%2E/%2E%2E/evil");
    EXPECT_EQ(put(folder, {"f", "../../evil"}, "x"), "f/..%2F..%2Fevil");
    EXPECT_EQ(put(folder, {"f", "/etc/passwd"}, "x"), "f/%2Fetc%2Fpasswd");
    EXPECT_EQ(put(folder, {"f", ""}, "x"), "f/%");
    EXPECT_EQ(put(folder, {"f", std::string("a\0b", 3)}, "x"), "f/a%00b");
    EXPECT_EQ(put(folder, {"f", std::string(4000, 'l')}, "x"), "f/" + std::string(240, 'l') + "%~");
    ASSERT_TRUE(folder.finish());
    EXPECT_EQ(neighbours(), 0U);
}

TEST_F(SaveFolderTest, DoesNotWriteThroughALink) {
    SaveFolder folder = make();
    const auto link = folder.make_link(Path{"f", "way"}, around_.string());
    ASSERT_TRUE(link);
    EXPECT_EQ(put(folder, {"f", "way", "evil"}, "x"), "f/way~2/evil");
    EXPECT_EQ(put(folder, {"f", "way"}, "x"), "f/way~3");
    ASSERT_TRUE(folder.finish());
    EXPECT_EQ(neighbours(), 0U);
    EXPECT_TRUE(fs::is_symlink(target() / "f/way"));
}

TEST_F(SaveFolderTest, KeepsNamesakesApart) {
    SaveFolder folder = make();
    EXPECT_EQ(put(folder, {"f", "a"}, "one"), "f/a");
    EXPECT_EQ(put(folder, {"f", "a"}, "two"), "f/a~2");
    EXPECT_EQ(put(folder, {"f", "a", "b"}, "three"), "f/a~3/b") << "a file of that name is there";
    ASSERT_TRUE(folder.finish());
    EXPECT_EQ(content("f/a"), "one");
    EXPECT_EQ(content("f/a~2"), "two");
    EXPECT_EQ(content("f/a~3/b"), "three");
}

TEST_F(SaveFolderTest, GivesNoRightsOfThisMachine) {
    SaveFolder folder = make();
    const auto made = folder.make_file(Path{"f", "su"});
    ASSERT_TRUE(made);
    folder.give(made->fd.get(), {.uid = ::geteuid(), .gid = ::getegid(), .mode = 0106755});
    ASSERT_TRUE(folder.make_folder(Path{"f", "d"},
                                   {.uid = ::geteuid(), .gid = ::getegid(), .mode = 040550}));
    EXPECT_EQ(put(folder, {"f", "d", "in"}, "x"), "f/d/in") << "it is closed at the end";
    ASSERT_TRUE(folder.finish());
    struct stat status = {};
    ASSERT_EQ(::stat((target() / "f/su").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0755U);
    ASSERT_EQ(::stat((target() / "f/d").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0550U);
    fs::permissions(target() / "f/d", fs::perms::owner_all);
}

TEST_F(SaveFolderTest, TakesNobodysPlace) {
    fs::create_directory(target());
    EXPECT_FALSE(SaveFolder::make(target()));
    fs::remove(target());
    SaveFolder first = make();
    EXPECT_FALSE(SaveFolder::make(target())) << "another one is at it";
    fs::create_directory(target());
    EXPECT_FALSE(first.finish());
    for (const char* none : {"", "/", "//"}) EXPECT_FALSE(SaveFolder::make(none)) << none;
}

}  // namespace
}  // namespace defib::boot
