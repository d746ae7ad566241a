// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/host_program.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/base/unique_fd.h"

namespace defib::lab {
namespace {

std::string content_of(const UniqueFd& fd) {
    std::string text;
    char buffer[4096];
    ::lseek(fd.get(), 0, SEEK_SET);
    for (ssize_t n = 0; (n = ::read(fd.get(), buffer, sizeof(buffer))) > 0;) {
        text.append(buffer, static_cast<size_t>(n));
    }
    return text;
}

std::string last_line(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text.substr(text.find_last_of('\n') + 1);
}

}  // namespace

Result<std::string> run_host_program(const std::vector<std::string>& argv) {
    // Memory, not pipes: nothing has to read while the program runs.
    const UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
    const UniqueFd err(::memfd_create("err", MFD_CLOEXEC));
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_t pid = -1;
    const int failure = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) {
        return fail(DEFIB_ERROR_BASE_TOOL_MISSING, argv[0],
                    std::generic_category().message(failure));
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, argv[0], last_line(content_of(err)));
    }
    return content_of(out);
}

}  // namespace defib::lab
