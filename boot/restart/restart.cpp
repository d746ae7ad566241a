// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/restart.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "boot/restart/rebuild.h"

namespace defib::boot {
namespace {

constexpr FindingKind KINDS[] = {
    {"changed-files", "files that were written, or replaced, since the core was made"},
    {"missing-files", "files and folders that are not there any more"},
    {"missing-memory", "pages that are not in the core: they are zeros"},
    {"pipes", "pipes: empty ones of its own take their place"},
    {"sockets", "sockets: unconnected ones take their place"},
    {"devices", "devices: opened again, and what was mapped of them is not there"},
    {"other-files", "epoll, eventfd and other descriptors without a path: not there"},
    {"shared-memory", "memory shared with others: it becomes the process' own"},
    {"timers", "timers and alarms: gone, or begun again"},
    {"stale-registers", "threads whose registers may be older than their memory"},
    {"vector-registers", "vector registers that the core has not all of: zero"},
    {"ended-threads", "threads that are not in the core"},
    {"processor", "a processor that lacks what the process could use"},
    {"rights", "another user's, or more rights than there are here"},
    {"name-spaces", "name spaces or a root of its own: this machine's"},
    {"filters", "filtered system calls (seccomp): not filtered"},
    {"protection-keys", "memory protection keys: none"},
    {"numbers", "with --strict: other process numbers than before"},
    {"standard-files", "with --strict: input, output and error of defib restart"},
    {"interrupted-calls", "with --strict: a system call that ends with EINTR"},
    {"kernel-code", "with --strict: time told by system calls"},
    {"signals", "with --strict: signals that waited, sent again by defib restart"},
    {"surroundings", "with --strict: parent, group, CPUs; file locks that are not taken again"},
    {"limits", "with --strict: lower limits and priorities than before"},
    {"stopped", "with --strict: a stopped process that runs on"},
};

const sigset_t& kept_signals() {
    static const sigset_t ALL = [] {
        sigset_t set;
        sigemptyset(&set);
        for (const int one : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT,
                              SIGTSTP, SIGCHLD})
            sigaddset(&set, one);
        return set;
    }();
    return ALL;
}

[[noreturn]] void end_by(int signal_number) {
    // It left its core itself, if it was to.
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(signal_number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    _exit(128 + signal_number);
}

// What became of it, where it has ended.
std::optional<int> look_at(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, WNOHANG | WUNTRACED) == pid) {
        if (WIFEXITED(status)) return WEXITSTATUS(status);
        if (WIFSIGNALED(status)) end_by(WTERMSIG(status));
        if (WIFSTOPPED(status)) raise(SIGSTOP);
    }
    return std::nullopt;
}

}  // namespace

std::span<const FindingKind> finding_kinds() {
    return KINDS;
}

std::vector<Finding> find_all(const SavedProcess& process) {
    std::vector<Finding> all;
    const auto own = own_mappings("self");
    const KernelCode code = compare_kernel_code(process, own ? *own : std::vector<OwnMapping>());
    std::vector<Finding> found;
    for (const auto& part : {find_in_memory(process, code), find_in_files(process),
                             find_in_threads(process, code), find_in_rights(process)})
        found.insert(found.end(), part.begin(), part.end());
    for (const Weight weight : {Weight::never, Weight::obstacle, Weight::note})
        std::ranges::copy_if(found, std::back_inserter(all),
                             [&](const Finding& one) { return one.weight == weight; });
    return all;
}

Result<Started> start_again(const SavedProcess& process) {
    const auto own = own_mappings("self");
    if (!own) return std::unexpected(own.error());
    const KernelCode code = compare_kernel_code(process, *own);
    const uint64_t room = code.code_here.size() + code.data_here.size();
    const auto place = free_place(*own, process.mappings, STAGE_BYTES + room);
    if (!place) return std::unexpected(place.error());
    const bool keeps = can_keep_numbers(process, own_rights());
    auto puppet = Puppet::make(keeps ? std::optional(process.pid) : std::nullopt, *place);
    if (!puppet) return std::unexpected(puppet.error());
    if (auto done = rebuild_memory(process, code, *puppet, *place + STAGE_BYTES); !done)
        return std::unexpected(done.error());
    if (auto done = rebuild_files(process, *puppet); !done) return std::unexpected(done.error());
    if (auto done = rebuild_common(process, *puppet); !done) return std::unexpected(done.error());
    if (auto done = rebuild_threads(process, *puppet); !done) return std::unexpected(done.error());
    Started started{puppet->pid(), true};
    for (size_t i = 0; i < process.threads.size(); i++)
        if (process.threads[i].tid != puppet->threads()[i]) started.has_its_numbers = false;
    if (auto done = puppet->let_go(); !done) return std::unexpected(done.error());
    return started;
}

void keep_signals() {
    sigprocmask(SIG_BLOCK, &kept_signals(), nullptr);
}

int accompany(pid_t pid) {
    for (;;) {
        if (const auto status = look_at(pid)) return *status;
        siginfo_t about{};
        const int number = sigwaitinfo(&kept_signals(), &about);
        if (number < 0 || number == SIGCHLD) continue;
        // What a terminal sends it sends to both.
        if (about.si_code == SI_KERNEL && number != SIGHUP) continue;
        kill(pid, number);
    }
}

}  // namespace defib::boot
