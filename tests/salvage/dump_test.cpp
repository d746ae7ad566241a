// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib dump`, on a guest that stands still, so that every byte can be compared: with the memory,
// with what makedumpfile makes of it, and with what defib sees in it.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "boot/target/target.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"
#include "tests/recover/defib_run.h"
#include "tests/salvage/folder.h"

namespace defib::salvage {
namespace {

namespace fs = std::filesystem;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

Result<std::string> dump(const Guest& guest, const std::string& file, const std::string& level,
                         std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"dump", "-o", file, "--level", level});
    return look::defib(guest, more);
}

struct Pages {
    size_t all = 0;
    size_t different = 0;
    size_t zero_instead = 0;
};

// Page by page, at the same physical addresses.
Pages compare(const boot::Target& memory, const boot::Target& dump) {
    constexpr size_t PAGE = 4096;
    static const std::vector<std::byte> ZEROS(PAGE);
    Pages pages;
    const DefibWindow& there = dump.windows().front();
    for (uint32_t i = 0; i < there.count; i++) {
        const DefibRange& here = memory.windows().front().ranges[i];
        EXPECT_EQ(here.physical, there.ranges[i].physical);
        EXPECT_EQ(here.size, there.ranges[i].size);
        const auto* one = reinterpret_cast<const std::byte*>(here.backend);
        const auto* other = reinterpret_cast<const std::byte*>(there.ranges[i].backend);
        for (size_t at = 0; at < here.size; at += PAGE) {
            pages.all++;
            if (std::memcmp(one + at, other + at, PAGE) == 0) continue;
            const bool is_zero = std::memcmp(other + at, ZEROS.data(), PAGE) == 0;
            (is_zero ? pages.zero_instead : pages.different)++;
        }
    }
    return pages;
}

Pages compare(const Guest& guest, const std::string& file) {
    const auto memory = boot::Target::open("vm:" + guest.ram_file().string(), boot::Access::look);
    const auto dump = boot::Target::open("core:" + file, boot::Access::look);
    EXPECT_TRUE(ok(memory));
    EXPECT_TRUE(ok(dump));
    return memory && dump ? compare(*memory, *dump) : Pages{};
}

uint64_t blocks_of(const std::string& file) {
    struct stat status = {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return static_cast<uint64_t>(status.st_blocks) * 512;
}

std::string read_all(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

struct Dumped : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Dumped, ::testing::Values("6.1", "6.12"));

TEST_P(Dumped, IsTheMemoryAndOpensElsewhere) {
    const Folder folder("dump");
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(look::bring_witness(*guest)));
    ASSERT_TRUE(ok(look::start_witness(*guest, {"crowd", "50"}, "all are there")));
    const auto dmesg = guest->run({"dmesg"});
    ASSERT_TRUE(ok(dmesg));
    ASSERT_TRUE(ok(guest->qmp("stop")));
    const auto processes = look::json_of(*guest, {"ps"})["processes"];

    const std::string whole = folder / "whole";
    ASSERT_TRUE(ok(dump(*guest, whole, "0")));
    const Pages all = compare(*guest, whole);
    EXPECT_GT(all.all, 100'000U);
    EXPECT_EQ(all.different + all.zero_instead, 0U);
    EXPECT_TRUE(read_all(whole + ".txt").contains("w-crowd"));

    const std::string small = folder / "small";
    const auto said = dump(*guest, small, "31");
    ASSERT_TRUE(ok(said));
    const Pages some = compare(*guest, small);
    EXPECT_EQ(some.different, 0U) << "a page is as it was, or left out";
    EXPECT_GT(some.zero_instead, 1000U);
    EXPECT_LT(blocks_of(small), blocks_of(whole) * 3 / 4);
    // All of the kernel's own is there: the views say of it what they say of the memory.
    const auto seen =
        lab::run_host_program({DEFIB_PROGRAM, "ps", "--json", "--target", "core:" + small});
    ASSERT_TRUE(ok(seen));
    const auto in_dump = nlohmann::json::parse(*seen)["processes"];
    ASSERT_EQ(in_dump.size(), processes.size());
    for (size_t i = 0; i < processes.size(); i++) EXPECT_EQ(in_dump[i], processes[i]);

    // What others make of it.
    const std::string log = folder / "log";
    ASSERT_TRUE(ok(lab::run_host_program({"makedumpfile", "--dump-dmesg", small, log})));
    EXPECT_TRUE(read_all(log).starts_with(dmesg->out));
}

TEST(Dump, IsGoneOnWithAfterADiskWasFull) {
    const Folder folder("dump");
    GuestUnderTest guest({.kernel = "6.1"});
    ASSERT_TRUE(guest.is_up());
    ASSERT_TRUE(ok(guest->qmp("stop")));
    const std::string file = folder / "it";
    const std::string target = "vm:" + guest->ram_file().string();
    const auto limited = lab::run_host_program(
        {"sh", "-c", "trap '' XFSZ; ulimit -f 300000; exec \"$@\"", "sh", DEFIB_PROGRAM, "dump",
         "--target", target, "-o", file, "--level", "0"});
    ASSERT_FALSE(limited);
    EXPECT_TRUE(limited.error().detail.contains("cannot write")) << limited.error().detail;
    EXPECT_TRUE(limited.error().detail.contains("--resume")) << limited.error().detail;
    EXPECT_FALSE(fs::exists(file));
    ASSERT_TRUE(fs::exists(file + ".unfinished"));

    EXPECT_FALSE(dump(*guest, file, "31", {"--resume"})) << "it was begun with another level";
    const auto resumed = dump(*guest, file, "0", {"--resume"});
    ASSERT_TRUE(ok(resumed));
    EXPECT_TRUE(resumed->contains(" done before")) << *resumed;
    EXPECT_FALSE(fs::exists(file + ".unfinished"));
    const Pages all = compare(*guest, file);
    EXPECT_EQ(all.different + all.zero_instead, 0U);
    EXPECT_FALSE(dump(*guest, file, "0", {"--resume"})) << "there is nothing to go on with";
}

// By way of a guard, which gives memory to the key alone; with a disk that is full in between.
TEST_P(Dumped, IsTakenFromAnotherMachineToo) {
    const Folder folder("dump");
    const std::string where = "127.0.0.1:" + std::to_string(20000 + getpid() % 20000);
    const std::string key = folder / "key";
    std::ofstream(key) << std::string(32, 'k');
    fs::permissions(key, fs::perms::owner_read);
    GuestUnderTest guest({.kernel = GetParam()});
    ASSERT_TRUE(guest.is_up());
    const auto dmesg = guest->run({"dmesg"});
    ASSERT_TRUE(ok(dmesg));
    ASSERT_TRUE(ok(guest->qmp("stop")));
    const auto run = recover::DefibRun::start(
        DEFIB_PROGRAM, guest->ram_file(),
        {"--dry-run", "--serve", where, "--serve-key", key, "--serve-memory"});
    ASSERT_TRUE(ok(run));
    ASSERT_TRUE(
        (*run)->wait_for([](const auto& event) { return event.is("started"); }, Guest::PATIENCE))
        << (*run)->to_text();
    const auto take = [&](const std::string& file, std::vector<std::string> more) {
        std::vector<std::string> argv = {"sh", "-c",
                                         "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"", "sh"};
        argv.push_back(more.front());
        more.erase(more.begin());
        for (const std::string& word : {std::string(DEFIB_PROGRAM), std::string("dump"),
                                        std::string("--to"), where, std::string("-o"), file}) {
            argv.push_back(word);
        }
        argv.insert(argv.end(), more.begin(), more.end());
        return lab::run_host_program(argv);
    };
    const std::string whole = folder / "whole";
    const auto refused = take(whole, {"unlimited", "--level", "0"});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().detail.contains("operator's key")) << refused.error().detail;
    EXPECT_FALSE(fs::exists(whole + ".unfinished")) << "nothing was begun";
    EXPECT_FALSE(take(whole, {"300000", "--level", "0", "--key", key})) << "the disk is full";
    EXPECT_TRUE(fs::exists(whole + ".unfinished"));
    const auto said = take(whole, {"unlimited", "--level", "0", "--key", key, "--resume"});
    ASSERT_TRUE(ok(said)) << (*run)->to_text();
    EXPECT_TRUE(said->contains(" done before")) << *said;
    const Pages all = compare(*guest, whole);
    EXPECT_GT(all.all, 100'000U);
    EXPECT_EQ(all.different + all.zero_instead, 0U);
    EXPECT_TRUE(read_all(whole + ".txt").contains("kthreadd"));

    const std::string small = folder / "small";
    ASSERT_TRUE(ok(take(small, {"unlimited", "--level", "31", "--key", key})));
    const Pages some = compare(*guest, small);
    EXPECT_EQ(some.different, 0U) << "a page is as it was, or left out";
    EXPECT_GT(some.zero_instead, 1000U);
    EXPECT_LT(blocks_of(small), blocks_of(whole) * 3 / 4);
    const std::string log = folder / "log";
    ASSERT_TRUE(ok(lab::run_host_program({"makedumpfile", "--dump-dmesg", small, log})));
    EXPECT_TRUE(read_all(log).starts_with(dmesg->out));
    EXPECT_TRUE(
        ok(lab::run_host_program({DEFIB_PROGRAM, "ps", "--json", "--target", "core:" + small})));
    EXPECT_EQ((*run)->stop(Guest::PATIENCE), 0) << (*run)->to_text();
}

}  // namespace
}  // namespace defib::salvage
