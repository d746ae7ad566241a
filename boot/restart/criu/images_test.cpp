// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/criu/images.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace defib::boot::criu {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

class Images : public ::testing::Test {
  protected:
    Images() : core_(text_of(DEFIB_SEED_CORE)) {
        auto read = read_saved_process(as_bytes(core_), "core");
        EXPECT_TRUE(read) << to_line(read.error());
        if (read) process_ = std::move(*read);
        folder_ = fs::path(::testing::TempDir()) / ("criu." + std::to_string(getpid()));
    }
    ~Images() override { fs::remove_all(folder_); }

    std::set<std::string> kinds(Weight weight) const {
        std::set<std::string> all;
        for (const Finding& one : find_all(process_))
            if (one.weight == weight) all.insert(one.kind);
        return all;
    }

    std::string core_;
    SavedProcess process_;
    fs::path folder_;
};

TEST(Message, IsInTheWireFormat) {
    EXPECT_EQ(Message().number(1, 150).bytes(), "\x08\x96\x01");
    EXPECT_EQ(Message().number(28, 1).bytes(), "\xe0\x01\x01");
    EXPECT_EQ(Message().signed_number(8, -1).bytes(), "\x40\x01");
    EXPECT_EQ(Message().signed_number(8, 1).bytes(), "\x40\x02");
    EXPECT_EQ(Message().number(1, ~uint64_t{0}).bytes(),
              "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    EXPECT_EQ(Message().message(3, Message().text(2, "ab")).bytes(),
              "\x1a\x04\x12\x02"
              "ab");
}

TEST_F(Images, AreAWholeFolder) {
    ASSERT_TRUE(write_images(process_, folder_, Changed::refused));
    const std::string pid = std::to_string(process_.pid);
    std::set<std::string> names;
    for (const auto& one : fs::directory_iterator(folder_)) names.insert(one.path().filename());
    EXPECT_EQ(names, (std::set<std::string>{"inventory.img", "pstree.img", "ids-" + pid + ".img",
                                            "core-" + pid + ".img", "mm-" + pid + ".img",
                                            "fs-" + pid + ".img", "fdinfo-2.img", "files.img",
                                            "pagemap-" + pid + ".img", "pages-1.img"}));
    uint64_t pages = 0;
    for_each_run(process_, [&](uint64_t, Bytes run) { pages += run.size(); });
    EXPECT_EQ(fs::file_size(folder_ / "pages-1.img"), pages);
    EXPECT_GT(pages, 0U);
    EXPECT_TRUE(text_of(folder_ / "files.img").contains("/tmp/numbers"));
    // What is there already is nobody's to replace.
    const auto again = write_images(process_, folder_, Changed::refused);
    ASSERT_FALSE(again);
    EXPECT_EQ(exit_status(again.error().code), DEFIB_EXIT_USAGE);
    EXPECT_FALSE(fs::exists(folder_.string() + ".unfinished"));
}

TEST_F(Images, AreLeftOutWhereTheyCannotBeWritten) {
    const fs::path nowhere = folder_ / "not" / "there";
    EXPECT_FALSE(write_images(process_, nowhere, Changed::refused));
    EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(Images, SayWhatTheyDoNotHold) {
    EXPECT_EQ(kinds(Weight::obstacle), std::set<std::string>());
    SavedDescriptor socket;
    socket.descriptor = 7;
    socket.kind = "socket";
    socket.shares = 0x7777;
    process_.files.push_back(socket);
    process_.has_other_timers = true;
    process_.threads[0].has_no_new_rights = true;
    process_.mappings.front().flags |= VM_MAYSHARE | VM_WRITE;
    EXPECT_EQ(kinds(Weight::obstacle),
              (std::set<std::string>{"changed-files", "rights", "sockets", "timers"}));
    process_.threads[0].tid++;
    EXPECT_EQ(kinds(Weight::never).size(), 1U);
}

}  // namespace
}  // namespace defib::boot::criu
