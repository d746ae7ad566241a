// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib checkpoint` that is killed while the process stands still, and `--every`: whatever ends
// it, and whenever, the process goes on, and the cores that are kept are whole.
#include <gtest/gtest.h>

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"
#include "tests/look/guest_says.h"
#include "tests/salvage/folder.h"

namespace defib::salvage {
namespace {

namespace fs = std::filesystem;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

constexpr const char* MEGABYTES = "64";
constexpr uint64_t MEMORY_AT = 4096;  // in the file

// A program of this machine that is not waited for; it ends with the object at the latest.
class Program {
  public:
    Program(std::vector<std::string> words, const std::string& out) {
        std::vector<char*> arguments;
        arguments.reserve(words.size() + 1);
        for (std::string& one : words) arguments.push_back(one.data());
        arguments.push_back(nullptr);
        pid_ = fork();
        if (pid_ != 0) return;
        const int file = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (file < 0) _exit(127);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() { end(SIGKILL); }

    pid_t pid() const { return pid_; }
    bool has_ended() {
        if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
        return pid_ < 0;
    }
    // Its wait status.
    int end(int number) {
        if (pid_ > 0 && kill(pid_, number) == 0) waitpid(pid_, &status_, 0);
        pid_ = -1;
        return status_;
    }

  private:
    pid_t pid_ = -1;
    int status_ = 0;
};

bool comes_true(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + Guest::PATIENCE;
    while (std::chrono::steady_clock::now() < deadline) {
        if (holds()) return true;
        usleep(200);
    }
    return false;
}

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Counter {
    explicit Counter(const char* kernel, const char* megabytes = MEGABYTES)
        : guest({.kernel = kernel}) {
        if (!guest.is_up()) return;
        if (!ok(guest->push_file(COUNTER_PROGRAM, "/tmp/counter"))) return;
        const auto started = guest->start(
            {"sh", "-c", std::string("exec /tmp/counter ") + megabytes + " > /tmp/numbers"});
        if (ok(started)) pid = *started;
        goes_on();
    }

    // It prints more than it has by now.
    void goes_on() {
        const auto size = [&] { return guest->read_file("/tmp/numbers").value_or("").size(); };
        const size_t before = size();
        ASSERT_TRUE(
            ok(guest->wait_for("numbers", [&] { return size() > before + 20; }, Guest::PATIENCE)));
    }
    std::vector<std::string> checkpoint(const std::string& core, std::vector<std::string> more) {
        more.insert(more.begin(), {DEFIB_PROGRAM, "checkpoint", std::to_string(pid), "-o", core,
                                   "--target", "vm:" + guest->ram_file().string()});
        return more;
    }

    GuestUnderTest guest;
    pid_t pid = 0;
};

// Those under a name that has a number, which are there or are to be.
std::set<uint64_t> cores_in(const Folder& folder) {
    std::set<uint64_t> numbers;
    const std::regex name("core\\.([0-9]+)");
    for (const auto& one : fs::directory_iterator(fs::path(folder / "core").parent_path())) {
        std::smatch found;
        const std::string text = one.path().filename();
        if (std::regex_match(text, found, name)) numbers.insert(std::stoull(found[1]));
    }
    return numbers;
}

// A debugger opens it and finds what the program counts.
uint64_t number_in(const std::string& core) {
    const auto said = lab::run_host_program(
        {"gdb", "-batch", "-nx", "-ex", "print number", COUNTER_PROGRAM, core});
    EXPECT_TRUE(ok(said));
    const std::regex number("\\$1 = ([0-9]+)");
    std::smatch found;
    if (!said || !std::regex_search(*said, found, number)) {
        ADD_FAILURE() << core << ": " << said.value_or("");
        return 0;
    }
    return std::stoull(found[1]);
}

// And so does defib restart, which has its reasons why it is not started here.
void expect_whole(const std::string& core) {
    const auto said = lab::run_host_program(
        {"sh", "-c",
         std::string(DEFIB_PROGRAM) + " restart --check " + core + " 2>&1; [ $? -le 1 ]"});
    EXPECT_TRUE(ok(said)) << core;
    EXPECT_GT(number_in(core), 0U) << core;
}

struct Killed : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Killed, ::testing::Values("6.1", "6.12"));

TEST_P(Killed, LeavesNoProcessFrozen) {
    const Folder folder("series");
    Counter counter(GetParam(), "200");
    ASSERT_GT(counter.pid, 0);
    const std::string core = folder / "core";
    // In the midst of copying it stands still for certain.
    for (const uint64_t written : {uint64_t{1}, uint64_t{20} << 20, uint64_t{100} << 20}) {
        fs::remove(core + ".unfinished");
        Program program(counter.checkpoint(core, {}), folder / "said");
        const bool is_amidst = comes_true([&] {
            struct stat status{};
            const bool is_there = stat((core + ".unfinished").c_str(), &status) == 0;
            return program.has_ended() ||
                   (is_there && static_cast<uint64_t>(status.st_blocks) * 512 >= written);
        });
        ASSERT_TRUE(is_amidst && !program.has_ended()) << read(folder / "said");
        program.end(SIGKILL);
        EXPECT_FALSE(fs::exists(core));
        counter.goes_on();
    }
    // And at other moments: before, while it is asked to stand still, and behind.
    for (int i = 1; i <= 6; i++) {
        Program program(counter.checkpoint(core, {}), folder / "said");
        usleep(static_cast<useconds_t>(i) * 250'000);
        program.end(SIGKILL);
        counter.goes_on();
    }
    const auto done = lab::run_host_program(counter.checkpoint(core, {}));
    ASSERT_TRUE(ok(done));
    expect_whole(core);
}

TEST_P(Killed, KeepsTheLastCoresOfASeries) {
    const Folder folder("series");
    Counter counter(GetParam());
    ASSERT_GT(counter.pid, 0);
    const std::string core = folder / "core";
    const auto series = counter.checkpoint(core, {"--every", "100ms", "--keep", "2"});
    uint64_t last = 0;
    for (const uint64_t more : {uint64_t{5}, uint64_t{1}, uint64_t{3}}) {
        Program program(series, folder / "said");
        const bool is_there = comes_true([&] {
            const auto there = cores_in(folder);
            return program.has_ended() || (!there.empty() && *there.rbegin() >= last + more);
        });
        ASSERT_TRUE(is_there && !program.has_ended()) << read(folder / "said");
        usleep(static_cast<useconds_t>(more) * 31'000);
        program.end(SIGKILL);
        const auto there = cores_in(folder);
        // One more than is kept, where the oldest was still to go.
        EXPECT_GE(there.size(), 2U);
        EXPECT_LE(there.size(), 3U);
        EXPECT_GE(*there.rbegin(), last + more);
        last = *there.rbegin();
        uint64_t before = 0;
        for (const uint64_t one : there) {
            expect_whole(core + "." + std::to_string(one));
            const uint64_t number = number_in(core + "." + std::to_string(one));
            EXPECT_GT(number, before);
            before = number;
        }
        EXPECT_TRUE(fs::exists(core)) << "the link leads to one of them";
        counter.goes_on();
    }
    // Asked to end it ends well, and nothing half-done is there.
    Program program(series, folder / "said");
    ASSERT_TRUE(comes_true([&] { return *cores_in(folder).rbegin() >= last + 2; }));
    const int status = program.end(SIGTERM);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << read(folder / "said");
    EXPECT_EQ(cores_in(folder).size(), 2U);
    for (const auto& one : fs::directory_iterator(fs::path(core).parent_path()))
        EXPECT_FALSE(one.path().string().ends_with(".unfinished")) << one.path();
    counter.goes_on();
}

// Memory's part of a core: notes come behind it.
std::string memory_of(const std::string& core) {
    const std::string all = read(core);
    Elf64_Ehdr header{};
    Elf64_Phdr notes{};
    if (all.size() < sizeof header) return "";
    std::memcpy(&header, all.data(), sizeof header);
    if (header.e_phoff + sizeof notes > all.size()) return "";
    std::memcpy(&notes, all.data() + header.e_phoff, sizeof notes);
    return all.substr(MEMORY_AT, notes.p_offset - MEMORY_AT);
}

// What became of older cores, page by page, is what one that is written whole has; and it was less
// work.
TEST(Series, WritesWhatDiffersAndHasAll) {
    const Folder folder("series");
    Counter counter("6.12");
    ASSERT_GT(counter.pid, 0);
    const std::string core = folder / "core";
    Program program(counter.checkpoint(core, {"--every", "50ms", "--keep", "2", "--as-it-is"}),
                    folder / "said");
    const auto has_more = [&](uint64_t more) {
        const auto there = cores_in(folder);
        const uint64_t now = there.empty() ? 0 : *there.rbegin();
        return comes_true([&] {
            const auto later = cores_in(folder);
            return !later.empty() && *later.rbegin() >= now + more;
        });
    };
    ASSERT_TRUE(has_more(6)) << read(folder / "said");
    ASSERT_TRUE(ok(counter.guest->qmp("stop")));
    // One that was begun before may have been half of then.
    ASSERT_TRUE(has_more(3)) << read(folder / "said");
    program.end(SIGTERM);
    const std::string whole = folder / "whole";
    ASSERT_TRUE(ok(lab::run_host_program(counter.checkpoint(whole, {"--as-it-is"}))));
    const std::string expected = memory_of(whole);
    ASSERT_GT(expected.size(), size_t{64} << 20);
    EXPECT_TRUE(memory_of(core) == expected);

    const std::string said = read(folder / "said");
    const std::regex line("([0-9.]+) MB, ([0-9.]+) of them written");
    std::vector<std::pair<double, double>> cores;
    for (std::sregex_iterator at(said.begin(), said.end(), line), end; at != end; ++at)
        cores.emplace_back(std::stod((*at)[1]), std::stod((*at)[2]));
    ASSERT_GE(cores.size(), 9U) << said;
    for (size_t i = 0; i < cores.size(); i++) {
        if (i < 3)
            EXPECT_GT(cores[i].second, cores[i].first / 2) << "a file of its own";
        else
            EXPECT_LT(cores[i].second, cores[i].first / 4) << "core " << i + 1 << "\n" << said;
    }
}

// A write that fails at any place: one line, the kept ones stay whole, and it goes on when it can.
TEST(Series, OutlivesAFullDisk) {
    const Folder folder("series");
    Counter counter("6.12");
    ASSERT_GT(counter.pid, 0);
    const std::string core = folder / "core";
    Program program(counter.checkpoint(core, {"--every", "50ms", "--keep", "2"}), folder / "said");
    const auto has = [&](uint64_t number) {
        return comes_true([&] {
            const auto there = cores_in(folder);
            return program.has_ended() || (!there.empty() && *there.rbegin() >= number);
        });
    };
    ASSERT_TRUE(has(3)) << read(folder / "said");
    for (const uint64_t bytes : {uint64_t{1} << 20, uint64_t{5000}, uint64_t{40} << 20}) {
        const size_t told = read(folder / "said").size();
        rlimit limit{};
        ASSERT_EQ(prlimit(program.pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
        const rlim_t before = std::exchange(limit.rlim_cur, bytes);
        ASSERT_EQ(prlimit(program.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
        ASSERT_TRUE(comes_true([&] {
            return read(folder / "said").substr(told).contains("cannot write");
        })) << read(folder / "said");
        ASSERT_FALSE(program.has_ended());
        const auto there = cores_in(folder);
        EXPECT_EQ(there.size(), 2U);
        for (const uint64_t one : there) expect_whole(core + "." + std::to_string(one));
        limit.rlim_cur = before;
        ASSERT_EQ(prlimit(program.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
        ASSERT_TRUE(has(*there.rbegin() + 2)) << read(folder / "said");
    }
    // The process ends, and so does the series, with its last core.
    ASSERT_TRUE(ok(counter.guest->signal(counter.pid, SIGKILL)));
    ASSERT_TRUE(comes_true([&] { return program.has_ended(); })) << read(folder / "said");
    EXPECT_TRUE(read(folder / "said").contains("has ended")) << read(folder / "said");
    expect_whole(core);
}

}  // namespace
}  // namespace defib::salvage
