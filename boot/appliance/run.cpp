// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Start, confirm, seal: from a bound engine to one that nobody can reach any more.
#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "boot/appliance/appliance.h"
#include "boot/appliance/notify.h"
#include "boot/find/witness.h"
#include "boot/hook/hook.h"
#include "engine/runtime/mailbox.h"
#include "image/policy/digest.h"

namespace defib::boot {
namespace {

// Some of its looks; a healthy one beats each 10 ms.
constexpr std::chrono::milliseconds HOOK_BEATS_WITHIN{300};
constexpr uint64_t MOST_ANSWER_NS = 1'000'000'000;
constexpr useconds_t ANSWER_PAUSE_US = 200;

std::span<const Bytes> only(const Bytes& bytes) {
    return {&bytes, 1};
}

}  // namespace

// All that can fail for reasons of the surroundings, before anything runs.
Result<void> Appliance::prepare(std::string& said) {
    state_->load(kernel_.window, kernel_.map, bound_);
    if (policy_) {
        auto& responder = state_->use_policy(*policy_);
        if (auto told = choose_witnesses(kernel_, layout_, responder); !told) return told;
    }
    const auto manifest = as_text(admission_->image().part(image::PartType::manifest));
    auto journal = JournalFile::open(options_.journal, manifest_,
                                     image::digest_of_manifest(manifest), target_.name());
    if (!journal) return std::unexpected(journal.error());
    journal_.emplace(std::move(*journal));
    for (uint32_t i = 0; policy_ && i < policy_->rule_count; i++) {
        journal_->name(NameOf::rule, i, policy_->rules[i].name);
        // start_responder() makes one detector of each rule.
        journal_->name(NameOf::detector, i, manifest_.routines[policy_->rules[i].detector].name);
    }

    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, signal);
    if (sigprocmask(SIG_BLOCK, &wanted, nullptr) != 0) {
        return fail(DEFIB_ERROR_APPLIANCE_SEAL, "signals", std::strerror(errno));
    }
    signals_.reset(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.is_open()) {
        return fail(DEFIB_ERROR_APPLIANCE_SEAL, "signals", std::strerror(errno));
    }
    notify_ = open_notify();
    if (access() == Access::act) {
        const auto rings = find_beating_rings(target_, HOOK_BEATS_WITHIN);
        if (!rings.empty()) hook_ring_ = rings.front().header.physical;
    }
    said = "journal " + options_.journal.string();
    return seal::prepare(options_.oom_score);
}

Result<void> Appliance::launch(std::string& said) {
    // Once more, right before anything of it runs (image/README.md).
    if (!admission_->image().is_genuine()) {
        return fail(DEFIB_ERROR_APPLIANCE_DISTURBED, admission_->object(), {}, "start it again");
    }
    // One process at a time has this machine's memory, and from now on that is the engine's.
    if (target_.kind() == TargetKind::host) {
        if (auto given = target_.give_up(); !given) return given;
    }
    launched_ns_ = now_ns();
    auto launched = gpu_ ? launch_gpu(said) : launch_twin(said);
    if (launched && hook_ring_ != 0) said += show_hook();
    return launched;
}

// The window is the engine's by now; it looks itself what lies there.
std::string Appliance::show_hook() {
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_HOOK;
    command.arguments[0] = hook_ring_;
    runtime::post(state_->mailbox(), command);
    const uint64_t deadline = now_ns() + MOST_ANSWER_NS;
    while (!runtime::is_answered(state_->mailbox())) {
        // An engine that does not turn is the supervisor's matter.
        if (now_ns() > deadline) return {};
        usleep(ANSWER_PAUSE_US);
    }
    return state_->mailbox().answer.result != 0 ? "; repairs go by the kernel module where they can"
                                                : "; the kernel module has just left";
}

Result<void> Appliance::launch_gpu(std::string& said) {
    auto launched = gpu_->launch(access(), target_);
    if (!launched) return std::unexpected(launched.error());
    said = fmt::format("the loop turns on {}; process {}, which holds it, is stopped", *launched,
                       gpu_->pid());
    return {};
}

Result<void> Appliance::launch_twin(std::string& said) {
    const Bytes bytes = target_.memory().bytes();
    TwinProcess::Window window = TwinProcess::inherited(only(bytes), access());
    if (target_.kind() == TargetKind::host) {
        const std::span<const DefibRange> ranges(kernel_.window.ranges, kernel_.window.count);
        window.take = [this, ranges] { return Mapping::take_host(access(), ranges); };
    }
    auto process = TwinProcess::start(*twin_, *state_, window);
    if (!process) return std::unexpected(process.error());
    process_.emplace(std::move(*process));
    said = fmt::format("the loop turns, in process {}", process_->pid());
    return {};
}

Result<void> Appliance::confirm(std::string& said) {
    return admission_->confirm(said);
}

Result<void> Appliance::close(const seal::Files& files,
                              std::span<const seal::Allowance> allowances) {
    const Bytes window = target_.memory().bytes();
    if (auto done = seal::lock_memory(only(window)); !done) return done;
    if (auto done = seal::hide(window); !done) return done;
    if (auto done = seal::close_other_files(files); !done) return done;
    return seal::close_doors(allowances);
}

Result<void> Appliance::seal(const Stages& stages) {
    const seal::Files files = {.log = STDERR_FILENO,
                               .events = log_->journald(),
                               .journal = journal_->fd(),
                               .notify = notify_.get(),
                               .signals = signals_.get(),
                               .engine = engine_pidfd(),
                               .scraped = scraped_pidfd(),
                               .answerer = answerer_pidfd(),
                               .teller = teller_ ? teller_->pipe() : -1};
    introduce_told();
    const auto allowances = seal::supervisor_allowances(files);
    const uint64_t before = now_ns();
    if (auto closed = close(files, allowances); !closed) {
        stages.failed(stage::SEAL, closed.error());
        return closed;
    }
    // From here on nothing may allocate: more memory is one of the things that cannot be had.
    char text[128];
    std::snprintf(text, sizeof text, "seal: %.1f ms: %zu kinds of system call are left, no window",
                  static_cast<double>(now_ns() - before) / 1e6, allowances.size());
    log_->say(Event::stage_done, text);
    return {};
}

}  // namespace defib::boot
