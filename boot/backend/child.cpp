// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace defib::boot {
namespace {

// The whole life of the child.
[[noreturn]] void live(const std::function<int()>& body, pid_t parent) {
    // The supervisor's end is the engine's: nobody would write its journal. Whose parent has gone
    // before this took effect would never be told.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(EXIT_NOT_SEALED);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) signal(signal_number, SIG_IGN);
    _exit(body());
}

}  // namespace

Result<Child> Child::start(const char* name, const std::function<int()>& body) {
    const auto cannot = [&] {
        return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, name, std::strerror(errno));
    };
    Child child(name);
    const pid_t parent = getpid();
    child.pid_ = fork();
    if (child.pid_ == 0) live(body, parent);
    if (child.pid_ < 0) return cannot();
    child.pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0)));
    if (!child.pidfd_.is_open()) return cannot();
    return child;
}

void close_all_but(int file) {
    const auto kept = static_cast<unsigned>(file);
    if (kept > STDERR_FILENO + 1) close_range(STDERR_FILENO + 1, kept - 1, 0);
    close_range(kept + 1, ~0U, 0);
}

std::optional<Error> Child::how_it_ended() {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    std::string how = WIFSIGNALED(status)
                          ? std::string("signal ") + std::to_string(WTERMSIG(status))
                          : std::string("status ") + std::to_string(WEXITSTATUS(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_SEALED) how = "it cannot be sealed";
    return Error{DEFIB_ERROR_APPLIANCE_ENGINE_DIED, name_, std::move(how), {}};
}

Child::Child(Child&& other) noexcept
    : name_(other.name_), pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace defib::boot
