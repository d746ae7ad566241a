// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/twin/twin_process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "boot/seal/seal.h"
#include "engine/runtime/processor.h"

namespace defib::boot {
namespace {

// A command is seen within this, whatever is due.
constexpr uint64_t MOST_REST_NS = 10'000'000;
constexpr uint64_t MOST_START_NS = 5'000'000'000;
constexpr int EXIT_NOT_SEALED = 4;

void rest(const DefibTwin& twin, const DefibEngine& engine) {
    const uint64_t until_ns = std::min(twin.next_turn_ns(&engine), now_ns() + MOST_REST_NS);
    const timespec until = {static_cast<time_t>(until_ns / 1'000'000'000),
                            static_cast<long>(until_ns % 1'000'000'000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

Result<void> make_writable(std::span<const Bytes> window) {
    for (const Bytes bytes : window) {
        auto* start = const_cast<std::byte*>(bytes.data());
        if (mprotect(start, bytes.size(), PROT_READ | PROT_WRITE) != 0) {
            return fail(DEFIB_ERROR_APPLIANCE_SEAL, "the window", std::strerror(errno));
        }
    }
    return {};
}

Result<void> seal_engine(const TwinProcess::Window& window) {
    if (auto taken = window.take(); !taken) return taken;
    if (auto done = seal::lock_memory(window.bytes); !done) return done;
    if (auto done = seal::close_other_files({}); !done) return done;
    const auto allowances = seal::engine_allowances();
    return seal::close_doors(allowances);
}

// The whole life of the child.
[[noreturn]] void run(const DefibTwin& twin, DefibEngine& engine, const TwinProcess::Window& window,
                      pid_t parent) {
    // The supervisor's end is the engine's: nobody would write its journal. Whose parent has gone
    // before this took effect would never be told.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(EXIT_NOT_SEALED);
    // Ctrl-C on a terminal goes to the whole group; the supervisor says what happens then.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (const auto sealed = seal_engine(window); !sealed) {
        std::fprintf(stderr, "defib-boot: the twin's process: %s\n",
                     to_line(sealed.error()).c_str());
        _exit(EXIT_NOT_SEALED);
    }
    twin.start(&engine, now_ns());
    while (twin.turn(&engine, now_ns())) rest(twin, engine);
    _exit(0);
}

std::unexpected<Error> died(int status) {
    std::string how = WIFSIGNALED(status)
                          ? std::string("signal ") + std::to_string(WTERMSIG(status))
                          : std::string("status ") + std::to_string(WEXITSTATUS(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_SEALED) how = "it cannot be sealed";
    return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, "the twin's process", how);
}

}  // namespace

TwinProcess::Window TwinProcess::inherited(std::span<const Bytes> bytes, Access access) {
    return {bytes, [bytes, access] {
                return access == Access::act ? make_writable(bytes) : Result<void>();
            }};
}

Result<TwinProcess> TwinProcess::start(const TwinCode& code, EngineState& state,
                                       const Window& window) {
    TwinProcess process;
    const pid_t parent = getpid();
    process.pid_ = fork();
    if (process.pid_ == 0) run(code.entry(), state.engine(), window, parent);
    if (process.pid_ < 0) {
        return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, "the twin's process", std::strerror(errno));
    }
    process.pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, process.pid_, 0)));
    if (!process.pidfd_.is_open()) {
        return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, "the twin's process", std::strerror(errno));
    }
    const uint64_t deadline = now_ns() + MOST_START_NS;
    while (runtime::read_volatile(reinterpret_cast<uint64_t>(&state.mailbox().heartbeat), 8) == 0) {
        int status = 0;
        if (waitpid(process.pid_, &status, WNOHANG) == process.pid_) {
            process.pid_ = -1;
            return died(status);
        }
        if (now_ns() > deadline) {
            return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, "the twin's process",
                        "its loop does not turn");
        }
        constexpr timespec MOMENT = {0, 200'000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
    }
    return process;
}

TwinProcess::TwinProcess(TwinProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

TwinProcess::~TwinProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

DefibAnswer carry_out_here(const TwinCode& code, EngineState& state, const DefibCommand& command) {
    DefibMailbox& mailbox = state.mailbox();
    if (mailbox.heartbeat == 0) code.entry().start(&state.engine(), now_ns());
    mailbox.command = command;
    runtime::store_release(&mailbox.posted, mailbox.posted + 1);
    while (runtime::load_acquire(&mailbox.done) != mailbox.posted) {
        code.entry().turn(&state.engine(), now_ns());
    }
    return mailbox.answer;
}

}  // namespace defib::boot
