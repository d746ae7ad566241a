// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/agent/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

namespace defib::lab::agent {
namespace {

class Spawn {
  public:
    Spawn() {
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawn_file_actions_init(&actions_);
        // The agent blocks and ignores signals for itself only.
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;
    ~Spawn() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }

    void connect(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
    // The first terminal that a session leader opens becomes its controlling one.
    void open_terminal(const char* path) {
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, path, O_RDWR, 0);
        connect(STDIN_FILENO, STDOUT_FILENO);
        connect(STDIN_FILENO, STDERR_FILENO);
    }

    int start(std::string_view arguments, pid_t& pid) {
        std::string words(arguments);
        std::vector<char*> argv;
        for (size_t at = 0; at < words.size(); at = words.find('\0', at) + 1) {
            argv.push_back(words.data() + at);
            if (words.find('\0', at) == std::string::npos) return EINVAL;
        }
        if (argv.empty()) return EINVAL;
        argv.push_back(nullptr);
        return ::posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    }

  private:
    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t actions_{};
};

// The agent is spared by the kernel's OOM killer; what it starts must be as mortal as anything.
void make_mortal(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/oom_score_adj";
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    // It may have ended already.
    if (::write(file.get(), "0", 1) != 1) return;
}

void unblock(const UniqueFd& fd) {
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

bool make_pipe(UniqueFd& reader, UniqueFd& writer) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    return true;
}

}  // namespace

int start_on_pipes(std::string_view arguments, Child& child) {
    UniqueFd input;
    UniqueFd output;
    UniqueFd error;
    if (!make_pipe(input, child.input) || !make_pipe(child.output, output) ||
        !make_pipe(child.error, error)) {
        return errno;
    }
    Spawn spawn;
    spawn.connect(input.get(), STDIN_FILENO);
    spawn.connect(output.get(), STDOUT_FILENO);
    spawn.connect(error.get(), STDERR_FILENO);
    const int failure = spawn.start(arguments, child.pid);
    if (failure != 0) return failure;
    make_mortal(child.pid);
    unblock(child.input);
    unblock(child.output);
    unblock(child.error);
    return 0;
}

int start_on_terminal(std::string_view arguments, Child& child) {
    UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char name[64];
    if (!terminal.is_open() || ::grantpt(terminal.get()) != 0 || ::unlockpt(terminal.get()) != 0 ||
        ::ptsname_r(terminal.get(), name, sizeof(name)) != 0) {
        return errno;
    }
    Spawn spawn;
    spawn.open_terminal(name);
    const int failure = spawn.start(arguments, child.pid);
    if (failure != 0) return failure;
    make_mortal(child.pid);
    child.input.reset(::fcntl(terminal.get(), F_DUPFD_CLOEXEC, 0));
    child.output = std::move(terminal);
    unblock(child.output);
    return 0;
}

void feed(Child& child) {
    while (child.input.is_open() && !child.pending.empty()) {
        const ssize_t n = ::write(child.input.get(), child.pending.data(), child.pending.size());
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {  // it closed its input: what is left has no reader
            child.input.reset();
            child.pending.clear();
            return;
        }
        child.pending.erase(0, static_cast<size_t>(n));
    }
    if (!child.input.is_open()) child.pending.clear();
    if (child.input_ended) child.input.reset();
}

void resize_terminal(const Child& child, uint16_t rows, uint16_t columns) {
    const winsize size{rows, columns, 0, 0};
    ::ioctl(child.output.get(), TIOCSWINSZ, &size);
}

}  // namespace defib::lab::agent
