// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/heir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace defib::boot {
namespace {

constexpr char ALL_IS_WELL = 'y';
constexpr int FIRST_OTHER = 3;

// In a child of a process with threads: nothing but what is safe in a signal handler.
[[noreturn]] void wait_for_the_end(int life, char* const* command) {
    // A terminal's or a job's end is not its own.
    setsid();
    for (int one = 1; one < NSIG; one++) signal(one, SIG_DFL);
    for (const int one : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) signal(one, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // What else is open belongs to the one that may end. That the pipe's end is noticed takes that
    // no writing end of it stays here.
    dup2(life, FIRST_OTHER);
    close_range(FIRST_OTHER + 1, ~0U, 0);
    char word = 0;
    ssize_t got = 0;
    do got = read(FIRST_OTHER, &word, 1);
    while (got < 0 && errno == EINTR);
    if (got == 1 && word == ALL_IS_WELL) _exit(0);
    execv("/proc/self/exe", command);
    _exit(1);
}

}  // namespace

Result<Heir> Heir::appoint(const std::vector<std::string>& command) {
    std::vector<std::string> words = {"defib"};
    words.insert(words.end(), command.begin(), command.end());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& one : words) arguments.push_back(one.data());
    arguments.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, "a second process", std::strerror(errno));
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = fork();
    if (child < 0) return fail(DEFIB_ERROR_BOOT_NOT_DONE, "a second process", std::strerror(errno));
    if (child == 0) wait_for_the_end(reading.get(), arguments.data());
    return Heir(child, std::move(writing));
}

Heir::Heir(Heir&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), life_(std::move(other.life_)) {}

Heir::~Heir() {
    if (pid_ < 0) return;
    // Were it gone, nobody would read: that is its business, and no reason to end.
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    while (write(life_.get(), &ALL_IS_WELL, 1) < 0 && errno == EINTR) continue;
    signal(SIGPIPE, before);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace defib::boot
