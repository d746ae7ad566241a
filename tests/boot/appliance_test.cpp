// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot and a real kernel: from the signed image to a sealed process that watches, and every
// way in which that ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "boot/journal/reader.h"
#include "signing/testing.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): of the C library

namespace defib::boot {
namespace {

using lab::ok;

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

// defib-boot in the background, its messages line by line.
class Boot {
  public:
    explicit Boot(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), DEFIB_BOOT_PROGRAM);
        int pipe_ends[2] = {-1, -1};
        EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        close(pipe_ends[1]);
        messages_.reset(fdopen(pipe_ends[0], "r"));
    }
    Boot(const Boot&) = delete;
    Boot& operator=(const Boot&) = delete;
    ~Boot() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }

    pid_t pid() const { return pid_; }

    // The first line with this text; empty: it ended without.
    std::string wait_for(const std::string& text) {
        char line[2048];
        while (std::fgets(line, sizeof line, messages_.get()) != nullptr) {
            said_ += line;
            if (std::string_view(line).contains(text)) return line;
        }
        return {};
    }

    // Reads on to its end.
    int exit_status() {
        wait_for("\x01 never said");
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    const std::string& said() const { return said_; }

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    pid_t pid_ = -1;
    std::unique_ptr<std::FILE, Close> messages_;
    std::string said_;
};

// "CapEff" -> "0000000000000000"
std::map<std::string, std::string> status_of(pid_t pid) {
    std::map<std::string, std::string> all;
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        const size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        const auto words = words_of(line.substr(colon + 1));
        all[line.substr(0, colon)] = words.empty() ? "" : words[0];
    }
    return all;
}

pid_t child_of(pid_t pid) {
    const std::string id = std::to_string(pid);
    std::ifstream file("/proc/" + id + "/task/" + id + "/children");
    pid_t child = -1;
    file >> child;
    return child;
}

size_t files_of(pid_t pid) {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<size_t>(std::distance(begin(files), end(files)));
}

// How the process may reach the file: "rw-s", "---s"; empty: it is not mapped.
std::string rights_of(pid_t pid, const std::string& path) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.contains(path)) return words_of(line)[1];
    }
    return {};
}

void expect_sealed(pid_t pid) {
    auto status = status_of(pid);
    EXPECT_EQ(status["CapEff"], "0000000000000000");
    EXPECT_EQ(status["CapPrm"], "0000000000000000");
    EXPECT_EQ(status["CapBnd"], "0000000000000000");
    EXPECT_EQ(status["NoNewPrivs"], "1");
    EXPECT_EQ(status["Seccomp"], "2");
    EXPECT_NE(status["VmLck"], "0");
}

class Appliance : public testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists("/etc/machine-id")) GTEST_SKIP() << "no /etc/machine-id";
        const auto made = lab::run_host_program(
            {DEFIB_MAKE_TRUST, DEFIB_PROGRAM, DEFIB_BUILD_FOLDER, trust().string()});
        ASSERT_TRUE(ok(made));
    }

    std::filesystem::path trust() const { return folder_ / "trust"; }
    std::filesystem::path journal() const { return folder_ / "journal"; }

    std::vector<std::string> arguments(const std::filesystem::path& ram) const {
        return {"--state",   (trust() / "state").string(), "--machine",       "Acme/R1/B1",
                "--image",   (trust() / "image").string(), "--target",        "vm:" + ram.string(),
                "--journal", journal().string(),           "--keep-oom-score"};
    }

    signing::testing::Folder folder_;
};

TEST_F(Appliance, WatchesSealedAndEndsWithItsEngine) {
    lab::GuestUnderTest guest({.kernel = "6.12-cloud"});
    ASSERT_TRUE(guest.is_up());
    const std::string ram = guest->ram_file().string();

    {
        Boot boot(arguments(ram));
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        const pid_t engine = child_of(boot.pid());
        ASSERT_GT(engine, 0);
        expect_sealed(boot.pid());
        expect_sealed(engine);
        EXPECT_EQ(rights_of(boot.pid(), ram), "---s") << "the supervisor has no window";
        EXPECT_EQ(rights_of(engine, ram), "rw-s") << "it repairs";
        EXPECT_EQ(files_of(engine), 0U);
        EXPECT_EQ(files_of(boot.pid()), 4U) << "log, journal, signals, engine";

        kill(boot.pid(), SIGTERM);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
        EXPECT_TRUE(boot.said().contains("stopped")) << boot.said();
        EXPECT_TRUE(status_of(engine).empty()) << "the engine's process has outlived it";
    }
    {
        auto observing = arguments(ram);
        observing.emplace_back("--observe");
        Boot boot(observing);
        ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
        EXPECT_EQ(rights_of(child_of(boot.pid()), ram), "r--s") << "it may not even write";
        kill(child_of(boot.pid()), SIGKILL);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_ENVIRONMENT) << boot.said();
        EXPECT_TRUE(boot.said().contains("has ended: signal 9")) << boot.said();
    }
    const auto file = MappedFile::open(journal());
    ASSERT_TRUE(ok(file));
    const auto read = read_journal(file->bytes(), "journal");
    ASSERT_TRUE(ok(read));
    EXPECT_FALSE(read->is_damaged || read->is_cut_off);
    ASSERT_EQ(read->sessions.size(), 2U) << "one for each start";
    ASSERT_FALSE(read->sessions[0].entries.empty() || read->sessions[1].entries.empty());
    EXPECT_TRUE(("vm:" + ram).starts_with(read->sessions[0].target));  // as much as fits
    EXPECT_EQ(read->sessions[0].entries.front().kind, uint32_t{DEFIB_JOURNAL_STARTED});
    EXPECT_EQ(read->sessions[0].entries.back().kind, uint32_t{DEFIB_JOURNAL_STOPPED});
    EXPECT_EQ(read->sessions[1].entries.front().kind, uint32_t{DEFIB_JOURNAL_STARTED});
    const auto size = std::filesystem::file_size(journal());

    {
        // Another kernel's memory: the image does not know it, and nothing is begun.
        const auto image = (folder_ / "image").string();
        const std::string routines =
            DEFIB_BUILD_FOLDER "/engine/routines/defib_routine_set.manifest.json";
        ASSERT_TRUE(ok(
            lab::run_host_program({DEFIB_PROGRAM, "image", "build", "-o", image, "--version", "1",
                                   "--security-counter", "1", "--source-date", "1750000000",
                                   "--target", "*/*/*", "--part", "manifest=" + routines, "--part",
                                   "engine-x86-64=" DEFIB_BUILD_FOLDER "/engine/defib_twin.so"})));
        ASSERT_TRUE(ok(lab::run_host_program(
            {DEFIB_PROGRAM, "image", "sign", image, "--key", (trust() / "image-key.key").string(),
             "--passphrase-file", (trust() / "phrase").string()})));
        auto others = arguments(ram);
        *(std::ranges::find(others, "--image") + 1) = image;
        Boot boot(others);
        EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_INPUT);
        EXPECT_TRUE(boot.said().contains("the image has no layout of this kernel")) << boot.said();
        EXPECT_EQ(std::filesystem::file_size(journal()), size) << "no session was begun";
    }
    EXPECT_TRUE(guest->alive(std::chrono::seconds(30)));
}

}  // namespace
}  // namespace defib::boot
