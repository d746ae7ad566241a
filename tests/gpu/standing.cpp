// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The process that holds the engine is stopped (SIGSTOP), and the loop goes on: another process
// speaks with it through the memory that both share. Then SIGTERM ends it, in order.
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <thread>

#include "engine/runtime/mailbox.h"
#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

using Clock = std::chrono::steady_clock;

class Holder {
  public:
    static Result<Holder> start(const Suite& suite, const std::string& ram_file) {
        int out[2];
        if (pipe(out) != 0) return fail(DEFIB_ERROR_BASE_TOOL_FAILED, "pipe");
        const std::string backend = suite.backend.backend == boot::Backend::cuda ? "cuda" : "cpu";
        const char* argv[] = {"/proc/self/exe", "--hold",        ram_file.c_str(),
                              "--backend",      backend.c_str(), nullptr};
        Holder holder;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, out[0]);
        const int failure = posix_spawn(&holder.pid_, argv[0], &actions, nullptr,
                                        const_cast<char**>(argv), environ);
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        FILE* told = fdopen(out[0], "r");
        // NOLINTNEXTLINE(cert-err34-c): anything but an address is a failure
        if (failure != 0 || std::fscanf(told, "%lx", &holder.mailbox_) != 1) {
            std::fclose(told);
            return fail(DEFIB_ERROR_BASE_TOOL_FAILED, "the holder", "it does not come up");
        }
        std::fclose(told);
        return holder;
    }

    template <class T>
    T read(size_t offset) const {
        T value{};
        const iovec here = {&value, sizeof value};
        const iovec there = remote(offset, sizeof value);
        if (process_vm_readv(pid_, &here, 1, &there, 1, 0) < 0) return {};
        return value;
    }
    template <class T>
    bool write(size_t offset, T value) const {
        const iovec here = {&value, sizeof value};
        const iovec there = remote(offset, sizeof value);
        return process_vm_writev(pid_, &here, 1, &there, 1, 0) > 0;
    }
    uint64_t beats() const { return read<uint64_t>(offsetof(DefibMailbox, heartbeat)); }

    // Without a proof of the command, which the loop then reads again in order.
    bool ask(const DefibCommand& command, DefibAnswer& answer) const {
        const auto posted = read<uint32_t>(offsetof(DefibMailbox, posted)) + 1;
        if (!write(offsetof(DefibMailbox, command), command)) return false;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        write(offsetof(DefibMailbox, posted), posted);
        const auto until = Clock::now() + std::chrono::seconds(5);
        for (;;) {
            const auto mailbox = read<DefibMailbox>(0);
            if (mailbox.posted == posted && runtime::is_answered(mailbox)) {
                answer = mailbox.answer;
                return true;
            }
            if (Clock::now() > until) return false;
        }
    }

    void signal(int number) const { kill(pid_, number); }
    bool is_stopped() const {
        int status = 0;
        return waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
    }
    int wait_for_end() const {
        int status = -1;
        waitpid(pid_, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    iovec remote(size_t offset, size_t size) const {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
        return {reinterpret_cast<void*>(mailbox_ + offset), size};
    }

    pid_t pid_ = -1;
    uint64_t mailbox_ = 0;
};

Result<void> stand(Suite& suite, lab::Guest& guest) {
    auto twin = open(suite, guest.ram_file(), boot::Backend::cpu);
    if (!twin) return std::unexpected(twin.error());
    const auto command = view_command(**twin, "process", "processes");
    if (!command) return std::unexpected(command.error());
    const auto victim = guest.start({"sleep", "100000"});
    if (!victim) return std::unexpected(victim.error());
    const auto victim_command = signal_command(**twin, *victim, SIGKILL);
    if (!victim_command) return std::unexpected(victim_command.error());
    auto holder = Holder::start(suite, guest.ram_file());
    if (!holder) return std::unexpected(holder.error());
    holder->signal(SIGSTOP);
    suite.check("the host process is stopped", holder->is_stopped());
    const uint64_t before = holder->beats();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const uint64_t after = holder->beats();
    suite.check("the loop turns on meanwhile", after > before,
                fmt::format("{} turns in 2 s", after - before));
    DefibAnswer answer{};
    const bool is_answered = holder->ask(*command, answer);
    suite.check("and answers another process", is_answered && answer.objects > 10,
                fmt::format("{} processes, {} torn", answer.objects, answer.torn));
    const bool is_told = holder->ask(*victim_command, answer);
    const auto ended = guest.wait_for_exit(*victim, std::chrono::seconds(10));
    suite.check("and kills a process of the guest, for it",
                is_told && ended && ended->status == 128 + SIGKILL,
                fmt::format("outcome {}, status {}", answer.outcome, ended ? ended->status : -1));
    holder->signal(SIGCONT);
    holder->signal(SIGTERM);
    const auto begun = Clock::now();
    const int status = holder->wait_for_end();
    suite.check(
        "SIGTERM ends it in order", status == 0,
        fmt::format("status {} after {:.0f} ms", status,
                    std::chrono::duration<double, std::milli>(Clock::now() - begun).count()));
    return {};
}

}  // namespace

void check_standing(Suite& suite) {
    if (suite.backend.backend != boot::Backend::cuda) return;
    auto guest = lab::Guest::boot({.kernel = suite.kernel});
    if (!guest) return suite.fail_with("a guest", guest.error());
    if (const auto done = stand(suite, *guest); !done) suite.fail_with("standing", done.error());
}

int hold(const Suite& suite, const std::string& ram_file) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const auto session = open(suite, ram_file, suite.backend.backend, boot::Access::act);
    if (!session || gpu_of(**session) == nullptr) {
        fmt::print(stderr, "{}\n", session ? "no GPU" : to_line(session.error()));
        return DEFIB_EXIT_ENVIRONMENT;
    }
    fmt::print("{:x}\n", reinterpret_cast<uintptr_t>(&gpu_of(**session)->mailbox()));
    std::fflush(stdout);
    int number = 0;
    sigwait(&ends, &number);
    return DEFIB_EXIT_DONE;
}

}  // namespace defib::gpu
