// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What tests of defib-boot on real kernels share: a machine that trusts this build's signed image,
// a process whose messages are read line by line, and what can be seen of one that is sealed.
#ifndef DEFIB_TESTS_BOOT_APPLIANCE_UNDER_TEST_H
#define DEFIB_TESTS_BOOT_APPLIANCE_UNDER_TEST_H

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "signing/testing.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): of the C library

namespace defib::boot {

using lab::ok;

inline std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

// A program in the background, defib-boot where no other is named; what it says on either output,
// line by line.
class Boot {
  public:
    explicit Boot(std::vector<std::string> arguments, std::string program = DEFIB_BOOT_PROGRAM) {
        arguments.insert(arguments.begin(), std::move(program));
        int pipe_ends[2] = {-1, -1};
        EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 1);
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
        while (!has_ended_) {
            has_ended_ = std::fgets(line, sizeof line, messages_.get()) == nullptr;
            if (has_ended_) break;
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
    bool has_ended_ = false;
};

// "CapEff" -> "0000000000000000"
inline std::map<std::string, std::string> status_of(pid_t pid) {
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

inline pid_t child_of(pid_t pid) {
    const std::string id = std::to_string(pid);
    std::ifstream file("/proc/" + id + "/task/" + id + "/children");
    pid_t child = -1;
    file >> child;
    return child;
}

inline size_t files_of(pid_t pid) {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<size_t>(std::distance(begin(files), end(files)));
}

// How the process may reach the file: "rw-s", "---s"; empty: it is not mapped.
inline std::string rights_of(pid_t pid, const std::string& path) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.contains(path)) return words_of(line)[1];
    }
    return {};
}

inline void expect_sealed(pid_t pid) {
    auto status = status_of(pid);
    EXPECT_EQ(status["CapEff"], "0000000000000000");
    EXPECT_EQ(status["CapPrm"], "0000000000000000");
    EXPECT_EQ(status["CapBnd"], "0000000000000000");
    EXPECT_EQ(status["NoNewPrivs"], "1");
    EXPECT_EQ(status["Seccomp"], "2");
    EXPECT_NE(status["VmLck"], "0");
}

inline char state_of(pid_t pid) {
    const std::string state = status_of(pid)["State"];
    return state.empty() ? ' ' : state[0];
}

// Whether any mapping of the file has a right that the letter stands for.
inline bool has_right(pid_t pid, const std::string& path, char right) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.contains(path) && words_of(line)[1].contains(right)) return true;
    }
    return false;
}

// Who holds a GPU: stopped, and with no right left but to stop itself.
inline void expect_standing(pid_t pid) {
    auto status = status_of(pid);
    EXPECT_EQ(state_of(pid), 'T');
    EXPECT_EQ(status["CapEff"], "0000000000000000");
    EXPECT_EQ(status["CapPrm"], "0000000000000000");
    EXPECT_EQ(status["CapBnd"], "0000000000000000");
    EXPECT_EQ(status["NoNewPrivs"], "1");
    EXPECT_EQ(status["Seccomp"], "2");
}

// What is started while this lives finds the driver without a GPU (tests/gpu/fake_driver.cpp), and
// such a card.
class FakeGpu {
  public:
    explicit FakeGpu(const char* kind = "") {
        setenv("LD_LIBRARY_PATH", DEFIB_FAKE_DRIVER, 1);
        setenv("DEFIB_FAKE_GPU", kind, 1);
    }
    FakeGpu(const FakeGpu&) = delete;
    FakeGpu& operator=(const FakeGpu&) = delete;
    ~FakeGpu() {
        unsetenv("LD_LIBRARY_PATH");
        unsetenv("DEFIB_FAKE_GPU");
    }
};

// The machine, its keys, and where its journal goes.
class ApplianceUnderTest : public testing::Test {
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

}  // namespace defib::boot

#endif
