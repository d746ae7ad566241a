// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/hold.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "boot/session/repair.h"
#include "engine/routines/views/image_records.h"

namespace defib::boot {
namespace {

constexpr auto BETWEEN_LOOKS = std::chrono::microseconds(200);
constexpr auto TO_THAW = std::chrono::milliseconds(5000);
constexpr int ENDING[] = {SIGINT, SIGTERM, SIGHUP};
// These tell of a fault of this program's own and cannot wait.
constexpr int FAULTS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};

template <class Duration>
std::chrono::microseconds in_us(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

}  // namespace

Hold::Hold(Session& session, const DefibProcessRecord& who)
    : session_(session),
      arguments_{who.task, static_cast<uint64_t>(who.pid), who.start_ns},
      pid_(who.pid),
      start_(Clock::now()) {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : FAULTS) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &mask_);
}

Result<std::unique_ptr<Hold>> Hold::take(Session& session, const DefibProcessRecord& who,
                                         std::chrono::milliseconds within,
                                         const std::vector<std::string>& thaw) {
    std::unique_ptr<Hold> hold(new Hold(session, who));
    if (auto frozen = hold->freeze(within, thaw); !frozen) return std::unexpected(frozen.error());
    return hold;
}

Result<void> Hold::freeze(std::chrono::milliseconds within, const std::vector<std::string>& thaw) {
    const auto routine = session_.routine_that_is_on("freeze");
    if (!routine) return std::unexpected(routine.error());
    const auto before = session_.observe(*routine, arguments_);
    if (!before) return std::unexpected(before.error());
    was_frozen_before_ = *before == DEFIB_EFFECT_THERE;
    if (was_frozen_before_) return {};
    auto heir = Heir::appoint(thaw);
    if (!heir) return std::unexpected(heir.error());
    heir_.emplace(std::move(*heir));
    start_ = Clock::now();
    // Whatever becomes of it, it is thawed.
    is_held_ = true;
    const auto frozen = repair(session_, "freeze", arguments_, within);
    if (frozen && frozen->is_done()) wait_until_off_cpus(start_ + within);
    until_it_stood_ = in_us(Clock::now() - start_);
    if (!frozen) return std::unexpected(frozen.error());
    if (frozen->is_done()) return {};
    // What was stored has been taken back; whether it is, the thaw sees. With nothing stored there
    // is nothing to take back.
    is_held_ =
        std::ranges::any_of(frozen->stores, [](const auto& one) { return one.is_made != 0; });
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, fmt::format("process {}", pid_),
                "it cannot be frozen: " + why_not(session_, *frozen),
                "--as-it-is takes it without, also of a kernel that hangs");
}

// A thread says that it is frozen just before it leaves its CPU (cgroup_enter_frozen()), and what
// the floating point unit holds is in memory when it has. Where one does not leave by then it is
// copied without.
void Hold::wait_until_off_cpus(Clock::time_point deadline) {
    const auto runs = [](const SeenRecord& record) {
        const auto thread = record.as<DefibImageThreadRecord>(DEFIB_RECORD_IMAGE_THREAD);
        return thread && (thread->flags & DEFIB_THREAD_RUNS) != 0;
    };
    while (Clock::now() < deadline) {
        const auto seen = session_.view("image_thread", {}, arguments_);
        if (!seen || std::ranges::none_of(seen->records, runs)) return;
        std::this_thread::sleep_for(BETWEEN_LOOKS);
    }
}

Result<void> Hold::check() {
    const auto routine = session_.routine_that_is_on("freeze");
    if (!routine) return std::unexpected(routine.error());
    const auto now = session_.observe(*routine, arguments_);
    if (!now) return std::unexpected(now.error());
    if (*now == DEFIB_EFFECT_THERE) return {};
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, fmt::format("process {}", pid_),
                *now == DEFIB_EFFECT_NEVER ? "it ended while it was copied"
                                           : "it was thawed while it was copied");
}

Result<std::chrono::microseconds> Hold::release() {
    if (!is_held_) return std::chrono::microseconds(0);
    is_held_ = false;
    const auto thawed = repair(session_, "thaw", arguments_, TO_THAW);
    const auto held = in_us(Clock::now() - start_);
    heir_.reset();
    if (!thawed) return std::unexpected(thawed.error());
    // One that has ended needs none.
    if (thawed->is_done() || thawed->death == DEFIB_REASON_GONE ||
        thawed->death == DEFIB_REASON_EXITING)
        return held;
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, fmt::format("process {}", pid_),
                "it could not be thawed: " + why_not(session_, *thawed),
                fmt::format("defib act thaw {} --target ...", pid_));
}

Hold::~Hold() {
    if (const auto released = release(); !released)
        fmt::print(stderr, "defib: {}\n", to_line(released.error()));
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
}

bool Hold::is_asked_to_end() {
    sigset_t waiting;
    sigpending(&waiting);
    for (const int one : ENDING)
        if (sigismember(&waiting, one) == 1) return true;
    return false;
}

}  // namespace defib::boot
