// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib files`: what was written in a guest and not yet to its disk, when all its CPUs then hang
// in a deadlock, is saved byte for byte; and what memory does not hold is named, not made up.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/faults/fault.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"
#include "tests/salvage/folder.h"

namespace defib::salvage {
namespace {

namespace fs = std::filesystem;
using lab::Disk;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;
using nlohmann::json;

constexpr size_t PAGE = 4096;

std::string noise(size_t size, unsigned seed) {
    std::minstd_rand random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random() >> 7);
    return text;
}

std::string content_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// Bytes of a file in the guest, whatever they are.
Result<void> write(Guest& guest, const std::string& to, const std::string& content) {
    const Folder folder("content");
    const std::string here = folder / "content";
    std::ofstream(here) << content;
    return guest.push_file(here, to, 0644);
}

Result<void> sh(Guest& guest, const std::string& script) {
    const auto done = guest.run({"sh", "-ec", script});
    if (!done) return std::unexpected(done.error());
    if (done->status != 0) return fail(DEFIB_ERROR_LAB_REFUSED, script, done->err);
    return {};
}

// One of files.json by its path in its file system.
json file_at(const json& report, const std::string& mount, const std::string& path) {
    for (const json& one : report["files"])
        if (one["mounted_at"] == mount && one["path"] == path) return one;
    return {};
}

struct Saved {
    std::string folder;
    json report;

    void expect_equal(const std::string& mount, const std::string& path,
                      const std::string& content) const {
        SCOPED_TRACE(mount + path);
        const json one = file_at(report, mount, path);
        ASSERT_FALSE(one.is_null());
        EXPECT_EQ(one["whole"], true) << one;
        std::string name = one["name"];
        if (name.ends_with("of two\\x0alines")) name.replace(name.size() - 9, 4, "\n");
        EXPECT_TRUE(content_of(folder + "/" + name) == content) << one;
    }
};

// What is written back by itself would be saved no more.
constexpr const char* NO_WRITE_BACK =
    "echo 0 > /proc/sys/vm/dirty_writeback_centisecs;"
    "echo 360000 > /proc/sys/vm/dirty_expire_centisecs;"
    "echo 80 > /proc/sys/vm/dirty_ratio; echo 60 > /proc/sys/vm/dirty_background_ratio;"
    // Without its share a disk that has not written yet is told to at the first page.
    "for share in /sys/class/bdi/*/min_ratio; do echo 15 > $share; done;";

lab::GuestOptions guest_with_disks(const char* kernel) {
    lab::GuestOptions options = faults::guest_for(*faults::find("f1a"), kernel);
    options.disks = {{.use = Disk::Use::EXT4, .megabytes = 600, .mount_at = "/disk"},
                     {.use = Disk::Use::XFS, .megabytes = 320, .mount_at = "/xfs"},
                     {.use = Disk::Use::EXT4, .megabytes = 32, .mount_at = "/small"}};
    return options;
}

// What moves while it is read is said to. The writer may stand still just then: the host is busy.
void expect_torn_while_it_is_written(Guest& guest, const Folder& folder) {
    ASSERT_TRUE(ok(look::bring_witness(guest)));
    const auto writer = look::start_witness(guest, {"scribble", "/t/moving"}, "it moves");
    ASSERT_TRUE(ok(writer));
    json torn = json::array();
    for (int i = 0; i < 50 && torn.empty(); i++) {
        const std::string to = folder / "moving" + std::to_string(i);
        ASSERT_TRUE(ok(look::defib(guest, {"files", "save", "-o", to, "--mount", "/t"})));
        const json report = json::parse(content_of(to + "/files.json"));
        torn = file_at(report, "/t", "/moving")["torn"];
        EXPECT_EQ(file_at(report, "/t", "/folder/one")["torn"], json::array());
        EXPECT_TRUE(file_at(report, "/disk", "/large").is_null()) << "of another mount";
    }
    EXPECT_EQ(torn, json({{0, PAGE}}));
    ASSERT_TRUE(ok(guest.signal(*writer, SIGKILL)));
}

// The same out of a dump; and of one without the pages of files that they are not there.
void expect_the_same_of_a_dump(const Guest& guest, const Folder& folder, const json& report) {
    for (const char* level : {"1", "31"}) {
        SCOPED_TRACE(level);
        const std::string dump = folder / "dump" + level;
        ASSERT_TRUE(ok(look::defib(guest, {"dump", "-o", dump, "--level", level})));
        const std::string to = folder / "of-dump" + level;
        ASSERT_TRUE(ok(lab::run_host_program(
            {DEFIB_PROGRAM, "files", "save", "-o", to, "--target", "core:" + dump})));
        const json seen = json::parse(content_of(to + "/files.json"));
        if (std::string(level) == "1") EXPECT_EQ(seen["files"], report["files"]);
        if (std::string(level) == "1") continue;
        const json large = file_at(seen, "/disk", "/large");
        EXPECT_EQ(large["left_out_of_dump"], json({{0, large["bytes"]}}));
        EXPECT_EQ(large["bytes_in_memory"], 0);
    }
}

struct Files : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Files, ::testing::Values("6.1", "6.12"));

TEST_P(Files, OfADeadlockedGuestAreSaved) {
    const Folder folder("files");
    GuestUnderTest guest(guest_with_disks(GetParam()));
    ASSERT_TRUE(guest.is_up());
    const std::string large = noise(3 * 1024 * 1024 + 123, 1);
    const std::string small = noise(2500, 2);
    const std::string old = noise(64 * PAGE, 3);
    const std::string page = noise(PAGE, 4);
    const std::string name(255, 'n');
    ASSERT_TRUE(ok(sh(*guest, NO_WRITE_BACK)));
    ASSERT_TRUE(ok(write(*guest, "/disk/changed", old)));
    ASSERT_TRUE(ok(write(*guest, "/disk/clean", old)));
    ASSERT_TRUE(ok(sh(*guest, "sync; echo 3 > /proc/sys/vm/drop_caches")));

    ASSERT_TRUE(ok(sh(*guest,
                      "mkdir -p '/disk/a b/c' /t /huge; mount -t tmpfs mine /t;"
                      "mount -t tmpfs -o huge=always huge /huge;"
                      "mkdir -m 0750 /t/folder; ln -s /etc/shadow /t/link;"
                      "ln -s /" +
                          std::string(300, 'l') + " /t/long")));
    ASSERT_TRUE(ok(write(*guest, "/disk/large", large)));
    ASSERT_TRUE(ok(write(*guest, "/disk/a b/c/" + name, small)));
    ASSERT_TRUE(ok(write(*guest, "/disk/of two\nlines", small)));
    ASSERT_TRUE(ok(write(*guest, "/xfs/large", large)));
    ASSERT_TRUE(ok(write(*guest, "/small/large", large)));
    ASSERT_TRUE(ok(write(*guest, "/small/small", small)));
    ASSERT_TRUE(ok(write(*guest, "/t/folder/one", large)));
    ASSERT_TRUE(ok(write(*guest, "/huge/large", large)));
    ASSERT_TRUE(ok(write(*guest, "/tmp/page", page)));
    ASSERT_TRUE(ok(sh(*guest,
                      "dd if=/tmp/page of=/disk/changed bs=4096 seek=20 conv=notrunc 2>&-;"
                      "dd if=/tmp/page of=/t/sparse bs=4096 seek=50 2>&-;"
                      "chown 1234:77 /disk/large; chmod 6751 /disk/large;"
                      "chown 1234:77 /t/folder; : > /t/empty; cp /tmp/page /root/page")));
    ASSERT_TRUE(ok(guest->start(
        {"sh", "-c", "exec 3>/disk/gone; cat /tmp/page >&3; rm /disk/gone; exec sleep 1000"})));
    ASSERT_TRUE(ok(guest->wait_for(
        "the deleted file", [&] { return ok(sh(*guest, "! [ -e /disk/gone ]")); },
        Guest::PATIENCE)));

    expect_torn_while_it_is_written(*guest, folder);
    const auto& fault = *faults::find("f1a");
    const auto injection = faults::inject(*guest, fault);
    ASSERT_TRUE(ok(injection));
    ASSERT_TRUE(ok(faults::wait_for_symptom(*guest, *injection)));

    const json listed = look::json_of(*guest, {"files", "--dirty", "--mount", "/disk"});
    std::map<std::string, json> by_path;
    for (const json& one : listed["files"]) by_path[one["path"]] = one;
    ASSERT_TRUE(by_path.contains("/disk/large")) << listed;
    EXPECT_EQ(by_path["/disk/large"]["bytes"], large.size());
    EXPECT_EQ(by_path["/disk/large"]["uid"], 1234);
    EXPECT_EQ(by_path["/disk/large"]["gid"], 77);
    EXPECT_EQ(by_path["/disk/large"]["mode"], "6751");
    EXPECT_TRUE(by_path.contains("/disk/gone (deleted)")) << listed;
    EXPECT_FALSE(by_path.contains("/disk/clean"));
    EXPECT_FALSE(by_path.contains("/t/folder/one")) << "of another mount";

    Saved saved{folder / "saved", {}};
    ASSERT_TRUE(ok(look::defib(*guest, {"files", "save", "-o", saved.folder})));
    saved.report = json::parse(content_of(saved.folder + "/files.json"));
    saved.expect_equal("/disk", "/large", large);
    saved.expect_equal("/disk", "/a b/c/" + name, small);
    saved.expect_equal("/disk", "/of two\\x0alines", small);
    saved.expect_equal("/xfs", "/large", large);
    saved.expect_equal("/small", "/large", large);
    saved.expect_equal("/small", "/small", small);
    saved.expect_equal("/t", "/folder/one", large);
    saved.expect_equal("/t", "/sparse", std::string(50 * PAGE, '\0') + page);
    saved.expect_equal("/t", "/empty", "");
    saved.expect_equal("/huge", "/large", large);
    saved.expect_equal("/tmp", "/page", page);
    saved.expect_equal("/", "/root/page", page);
    EXPECT_TRUE(file_at(saved.report, "/disk", "/clean").is_null()) << "its disk has it";

    // Of what is on the disk the one page that was written, and the rest is named.
    const json changed = file_at(saved.report, "/disk", "/changed");
    ASSERT_FALSE(changed.is_null());
    EXPECT_EQ(changed["whole"], false);
    EXPECT_EQ(changed["not_in_memory"], json({{0, 20 * PAGE}, {21 * PAGE, old.size()}}));
    const std::string holed = content_of(saved.folder + "/" + changed["name"].get<std::string>());
    EXPECT_EQ(holed.size(), old.size());
    EXPECT_TRUE(holed.substr(20 * PAGE, PAGE) == page);

    const json deleted = file_at(saved.report, "/disk", "/gone");
    ASSERT_FALSE(deleted.is_null());
    EXPECT_TRUE(deleted["name"].get<std::string>().starts_with("ext4-vda/unnamed/")) << deleted;
    EXPECT_TRUE(content_of(saved.folder + "/" + deleted["name"].get<std::string>()) == page);

    struct stat status = {};
    ASSERT_EQ(::stat((saved.folder + "/ext4-vda/large").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0751U) << "no rights of this machine";
    if (::geteuid() == 0) {
        EXPECT_EQ(status.st_uid, 1234U);
        EXPECT_EQ(status.st_gid, 77U);
    }
    const std::string in_tmpfs = file_at(saved.report, "/t", "/folder")["name"];
    ASSERT_EQ(::stat((saved.folder + "/" + in_tmpfs).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0750U);
    EXPECT_LT(static_cast<size_t>(fs::file_size(saved.folder + "/" + in_tmpfs + "../sparse")),
              52 * PAGE);
    ASSERT_EQ(::stat((saved.folder + "/" + in_tmpfs + "../sparse").c_str(), &status), 0);
    EXPECT_LT(status.st_blocks * 512, 10 * static_cast<long>(PAGE)) << "holes stay holes";
    EXPECT_EQ(fs::read_symlink(saved.folder + "/" + in_tmpfs + "../link"), "/etc/shadow");
    EXPECT_EQ(fs::read_symlink(saved.folder + "/" + in_tmpfs + "../long"),
              "/" + std::string(300, 'l'));
    EXPECT_TRUE(content_of(saved.folder + "/summary.txt").contains("was mounted at /disk"));

    expect_the_same_of_a_dump(*guest, folder, saved.report);
    EXPECT_FALSE(look::defib(*guest, {"files", "save", "-o", saved.folder}))
        << "it is there already";
    const auto nowhere = look::defib(*guest, {"files", "--mount", "/nowhere"});
    ASSERT_FALSE(nowhere);
    EXPECT_TRUE(nowhere.error().detail.contains("nothing is mounted there"));
}

TEST(FilesOfThePanicked, AreSavedToo) {
    const Folder folder("panicked");
    lab::GuestOptions options{.kernel = "6.12"};
    options.disks = {{.use = Disk::Use::EXT4, .megabytes = 600, .mount_at = "/disk"}};
    GuestUnderTest guest(std::move(options));
    ASSERT_TRUE(guest.is_up());
    const std::string text = noise(100'000, 5);
    ASSERT_TRUE(ok(sh(*guest, NO_WRITE_BACK)));
    ASSERT_TRUE(ok(write(*guest, "/disk/last", text)));
    ASSERT_TRUE(ok(guest->write_file("/proc/sys/kernel/panic", "0")));
    ASSERT_TRUE(ok(guest->start({"sh", "-c", "echo c > /proc/sysrq-trigger"})));
    ASSERT_TRUE(ok(guest->wait_for_console("end Kernel panic", Guest::PATIENCE)));
    Saved saved{folder / "saved", {}};
    ASSERT_TRUE(ok(look::defib(*guest, {"files", "save", "-o", saved.folder})));
    saved.report = json::parse(content_of(saved.folder + "/files.json"));
    saved.expect_equal("/disk", "/last", text);
}

}  // namespace
}  // namespace defib::salvage
