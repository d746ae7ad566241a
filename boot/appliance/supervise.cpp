// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is left of the appliance's process: it carries the engine's journal to disk and watches its
// heart. It decides nothing, and could reach nothing. When the engine ends or stands still, this
// process ends too, and whoever started it starts all of it again, from the image on.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "boot/appliance/appliance.h"
#include "boot/appliance/notify.h"
#include "engine/runtime/mailbox.h"
#include "engine/runtime/processor.h"

namespace defib::boot {
namespace {

constexpr timespec LOOK_EVERY = {0, 100'000'000};
constexpr uint64_t MOST_STILL_NS = 5'000'000'000;
// A repair in hand is finished or taken back first.
constexpr uint64_t MOST_STOP_NS = 30'000'000'000;

uint64_t heartbeat_of(const DefibMailbox& mailbox) {
    return runtime::read_volatile(reinterpret_cast<uint64_t>(&mailbox.heartbeat), 8);
}

}  // namespace

int Appliance::supervise(const Stages& stages) {
    char text[128];
    std::snprintf(text, sizeof text, "armed: %.1f ms after the start",
                  static_cast<double>(stages.elapsed_ns()) / 1e6);
    log_->say(Event::armed, text);
    notify(notify_, "READY=1\nSTATUS=watching");
    uint64_t seen = 0;
    uint64_t seen_at_ns = now_ns();
    for (;;) {
        pollfd waited[] = {{signals_.get(), POLLIN, 0},
                           {engine_pidfd(), POLLIN, 0},
                           {scraped_pidfd(), POLLIN, 0},
                           {answerer_pidfd(), POLLIN, 0}};
        const timespec every = look_every();
        ppoll(waited, 4, &every, nullptr);
        if (relay_) relay_->step(state_->mailbox(), now_ns());
        if (!drain()) return DEFIB_EXIT_ENVIRONMENT;
        if (waited[0].revents != 0) return stop();
        if (waited[1].revents != 0) return engine_ended();
        if (waited[2].revents != 0) {
            is_scraped_lost_ = true;
            log_->say(Event::metrics_ended, "the process that is scraped has ended");
        }
        if (waited[3].revents != 0) {
            is_answerer_lost_ = true;
            log_->say(Event::answerer_ended, "the process that answers remotes has ended");
        }
        if (journal_->tells_of_another_kernel()) {
            log_->say(Event::engine_ended, "another kernel runs in the target now");
            return DEFIB_EXIT_ENVIRONMENT;
        }
        const uint64_t heartbeat = heartbeat_of(state_->mailbox());
        look_at_told(heartbeat);
        if (heartbeat != seen) {
            seen = heartbeat;
            seen_at_ns = now_ns();
            notify(notify_, "WATCHDOG=1");
        } else if (now_ns() - seen_at_ns > MOST_STILL_NS) {
            log_->say(Event::engine_ended, "the engine's loop stands still");
            return DEFIB_EXIT_ENVIRONMENT;
        }
    }
}

// False: nobody would know any more what the engine does.
bool Appliance::drain() {
    switch (journal_->drain(state_->journal(), seen_)) {
        case JournalFile::Drained::failed:
            log_->say(Event::engine_ended, "the journal cannot be written; the engine is ended");
            return false;
        case JournalFile::Drained::full:
            if (!is_journal_full_) {
                log_->say(Event::journal_full,
                          "the journal's file is full; start again to begin another");
            }
            is_journal_full_ = true;
            return true;
        default:
            return true;
    }
}

// The twin's process ends with its loop; who holds a GPU is stopped, and ends with this process.
bool Appliance::has_stopped() const {
    pollfd waited = {engine_pidfd(), POLLIN, 0};
    constexpr timespec NOW = {0, 0};
    if (ppoll(&waited, 1, &NOW, nullptr) > 0) return true;
    return gpu_ && runtime::is_answered(state_->mailbox());
}

// Who is asking now waits no longer than this for each answer.
timespec Appliance::look_every() const {
    constexpr timespec SOON = {0, 1'000'000};
    return relay_ && relay_->is_busy(now_ns()) ? SOON : LOOK_EVERY;
}

int Appliance::stop() {
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_STOP;
    runtime::post(state_->mailbox(), command);
    notify(notify_, "STOPPING=1");
    const uint64_t deadline = now_ns() + MOST_STOP_NS;
    pollfd waited = {engine_pidfd(), POLLIN, 0};
    while (!has_stopped() && now_ns() < deadline) ppoll(&waited, 1, &LOOK_EVERY, nullptr);
    siginfo_t how = {};
    waitid(P_PIDFD, static_cast<id_t>(engine_pidfd()), &how, WEXITED | WNOHANG);
    drain();
    char text[128];
    std::snprintf(text, sizeof text, "stopped: %lu entries are in the journal",
                  journal_->entries());
    log_->say(Event::stopped, text);
    return DEFIB_EXIT_DONE;
}

int Appliance::engine_ended() {
    siginfo_t how = {};
    char text[128] = "the engine's process has ended";
    if (waitid(P_PIDFD, static_cast<id_t>(engine_pidfd()), &how, WEXITED) == 0) {
        if (how.si_code == CLD_EXITED && how.si_status == seal::EXIT_TRAPPED) {
            std::snprintf(text, sizeof text, "the engine's process tried what its seal forbids");
        } else {
            std::snprintf(text, sizeof text, "the engine's process has ended: %s %d",
                          how.si_code == CLD_EXITED ? "status" : "signal", how.si_status);
        }
    }
    log_->say(Event::engine_ended, text);
    return DEFIB_EXIT_ENVIRONMENT;
}

}  // namespace defib::boot
