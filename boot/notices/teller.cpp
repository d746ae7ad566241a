// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/notices/teller.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace defib::boot {
namespace {

constexpr const char* NAME = "the process that tells --exec's program";
constexpr uint64_t MOST_MS = 10000;
constexpr int MOST_TO_END_MS = 1000;
// What the guard's end, or the guard, sends to the process that tells.
constexpr int END = SIGUSR1;
static_assert(sizeof(Notice) < PIPE_BUF);

// The program that runs, of which end_at_once() has to know; 0: none.
volatile sig_atomic_t running = 0;

// With what it has started: its children would go on, and hold the guard's own output open.
void end_at_once(int /*signal*/) {
    if (running > 0) kill(-running, SIGKILL);
    _exit(0);
}

// Not to be interrupted between a program's start and the moment when it is known.
class Uninterrupted {
  public:
    Uninterrupted() {
        sigset_t end;
        sigemptyset(&end);
        sigaddset(&end, END);
        sigprocmask(SIG_BLOCK, &end, &before_);
    }
    Uninterrupted(const Uninterrupted&) = delete;
    Uninterrupted& operator=(const Uninterrupted&) = delete;
    ~Uninterrupted() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

void lose_oom_protection() {
    const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    // Not lowered but raised, which everybody may; where it was never lowered nothing is lost.
    [[maybe_unused]] const ssize_t written = write(file.get(), "0", 1);
}

[[noreturn]] void become(const std::string& program, int input, pid_t parent) {
    // Neither the guard's signals nor its end are the program's to live on after.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, END}) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    lose_oom_protection();
    if (dup2(input, STDIN_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) != 0) _exit(127);
    std::string name = program;
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char* const arguments[] = {name.data(), nullptr};
    char* const environment[] = {path, nullptr};
    execve(name.c_str(), arguments, environment);
    _exit(127);
}

// In a group of its own, as whose `running` it is known.
pid_t start(const std::string& program, int input) {
    const Uninterrupted whole;
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) become(program, input, parent);
    if (pid < 0) return pid;
    setpgid(pid, pid);  // whichever of the two comes first
    running = pid;
    return pid;
}

// Whether it ends in time; it and its children are killed where not.
bool ends_within(pid_t pid, uint64_t within_ms, int& status) {
    const UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    pollfd waited = {ended.get(), POLLIN, 0};
    const bool is_in_time = poll(&waited, 1, static_cast<int>(within_ms)) > 0;
    kill(-pid, SIGKILL);  // also what it leaves running
    if (!is_in_time) kill(pid, SIGKILL);
    running = 0;
    waitpid(pid, &status, 0);
    return is_in_time;
}

int tell_all(const std::string& program, int notices, metrics::Vitals& vitals) {
    signal(SIGPIPE, SIG_IGN);
    // In place of a KILL, after which nobody could end what is being run.
    signal(END, end_at_once);
    prctl(PR_SET_PDEATHSIG, END);
    Notice notice;
    for (;;) {
        const ssize_t count = read(notices, &notice, sizeof notice);
        if (count < 0 && errno == EINTR) continue;
        if (count != static_cast<ssize_t>(sizeof notice)) return 0;  // the guard has ended
        const metrics::Told told = run_told(program, json_of(notice), MOST_MS);
        metrics::add(vitals.told[static_cast<size_t>(told)]);
    }
}

}  // namespace

metrics::Told run_told(const std::string& program, std::string_view input, uint64_t within_ms) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return metrics::Told::failed;
    const UniqueFd out(ends[0]);
    UniqueFd in(ends[1]);
    const pid_t pid = start(program, out.get());
    if (pid < 0) return metrics::Told::failed;
    // Less than a pipe holds: whoever does not read it keeps nobody waiting.
    const bool is_written = write(in.get(), input.data(), input.size()) > 0;
    in.reset();
    int status = 0;
    if (!ends_within(pid, within_ms, status)) return metrics::Told::too_slow;
    const bool is_well = is_written && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return is_well ? metrics::Told::told : metrics::Told::failed;
}

Result<std::unique_ptr<Teller>> Teller::start(const std::string& program, metrics::Vitals& vitals) {
    if (!program.starts_with('/') || access(program.c_str(), X_OK) != 0) {
        const bool is_path = program.starts_with('/');
        return fail(is_path ? DEFIB_ERROR_BASE_TOOL_MISSING : DEFIB_ERROR_BASE_USAGE, program,
                    is_path ? std::strerror(errno) : "not a whole path",
                    "--exec names a program that can be run, from the root on");
    }
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, program, std::strerror(errno));
    }
    const UniqueFd out(ends[0]);
    std::unique_ptr<Teller> teller(new Teller(vitals));
    teller->pipe_.reset(ends[1]);
    auto child = Child::start(NAME, [&] {
        close_all_but(out.get());
        return tell_all(program, out.get(), vitals);
    });
    if (!child) return std::unexpected(child.error());
    teller->child_.emplace(std::move(*child));
    const int flags = fcntl(teller->pipe_.get(), F_GETFL);
    fcntl(teller->pipe_.get(), F_SETFL, flags | O_NONBLOCK);
    signal(SIGPIPE, SIG_IGN);  // where the other process has died: a write that fails is enough
    return teller;
}

Teller::~Teller() {
    if (!child_ || child_->pid() <= 0) return;
    kill(child_->pid(), END);
    pollfd ended = {child_->pidfd(), POLLIN, 0};
    poll(&ended, 1, MOST_TO_END_MS);
}

void Teller::introduce(std::string_view target, std::string_view kernel) {
    about_ = {};
    target.copy(about_.target.data(), about_.target.size() - 1);
    kernel.copy(about_.kernel.data(), about_.kernel.size() - 1);
}

void Teller::tell(Notice notice) {
    notice.target = about_.target;
    notice.kernel = about_.kernel;
    if (write(pipe_.get(), &notice, sizeof notice) == static_cast<ssize_t>(sizeof notice)) return;
    metrics::add(vitals_.told[static_cast<size_t>(metrics::Told::left_out)]);
}

}  // namespace defib::boot
