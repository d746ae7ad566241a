// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/guard.h"

#include <algorithm>

#include "boot/backend/engine_state.h"
#include "boot/find/witness.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/respond.h"

namespace defib::boot {
namespace {

// A command to stop, and the end of the target, are seen within this on the twin.
constexpr uint64_t LONGEST_SLEEP_NS = 100000000;
// A loop that dies again and again needs a person.
constexpr unsigned MOST_RESTARTS = 3;
// The module may be loaded, or loaded again, at any time. A look reads a word of each page.
constexpr uint64_t HOOK_LOOK_EVERY_NS = 5'000'000'000;
// The detectors wait for it.
constexpr std::chrono::milliseconds HOOK_BEATS_WITHIN{30};

// The routines of the engine's detectors, by their numbers there: the responder decides which it
// needs, wherever it runs.
std::vector<uint32_t> runtime_detectors(const DefibResponder& responder) {
    const auto engine = std::make_unique<DefibEngine>();
    const auto journal = std::make_unique<DefibJournal>();
    const auto copy = std::make_unique<DefibResponder>(responder);
    engine->journal = journal.get();
    engine->responder = copy.get();
    runtime::start_responder(*engine, 0);
    std::vector<uint32_t> routines;
    for (uint32_t i = 0; i < engine->detector_count; i++) {
        routines.push_back(engine->detectors[i].routine);
    }
    return routines;
}

}  // namespace

Result<std::unique_ptr<Guard>> Guard::start(Session& session, const DefibPolicy& policy) {
    std::unique_ptr<Guard> guard(new Guard(session));
    guard->responder_ = std::make_unique<DefibResponder>();
    guard->responder_->policy = policy;
    if (auto chosen = choose_witnesses(session.kernel(), session.layout(), *guard->responder_);
        !chosen) {
        return std::unexpected(chosen.error());
    }
    if (auto guards = session.engine().guard(*guard->responder_); !guards) {
        return std::unexpected(guards.error());
    }
    guard->find_start();
    guard->name_all();
    return guard;
}

// The journal is told from where this guard's loop starts.
void Guard::find_start() {
    const DefibJournal& journal = session_.engine().journal();
    DefibJournalEntry entry{};
    for (uint64_t sequence = journal.written; sequence != 0; sequence--) {
        if (!runtime::read_entry(journal, sequence, entry) || entry.sequence != sequence) break;
        if (entry.kind != DEFIB_JOURNAL_STARTED) continue;
        told_ = sequence - 1;
        start_ns_ = entry.time_ns;
        return;
    }
}

void Guard::name_all() {
    const Manifest& manifest = session_.manifest();
    const auto name = [&](NameOf of, size_t number, const std::string& text) {
        names_[{of, static_cast<uint32_t>(number)}] = text;
    };
    for (size_t i = 0; i < manifest.routines.size(); i++) {
        name(NameOf::routine, i, manifest.routines[i].name);
    }
    for (size_t i = 0; i < manifest.fields.size(); i++) name(NameOf::field, i, manifest.fields[i]);
    for (uint32_t i = 0; i < responder_->policy.rule_count; i++) {
        name(NameOf::rule, i, responder_->policy.rules[i].name);
    }
    const std::vector<uint32_t> detectors = runtime_detectors(*responder_);
    for (size_t i = 0; i < detectors.size(); i++) {
        name(NameOf::detector, i, manifest.routines[detectors[i]].name);
    }
}

void Guard::drain(const Tell& tell) {
    DefibJournalEntry entry{};
    const DefibJournal& journal = session_.engine().journal();
    while (runtime::read_entry(journal, told_ + 1, entry)) {
        tell(entry, entry.sequence - told_ - 1);
        is_another_kernel_ = is_another_kernel_ || entry.kind == DEFIB_JOURNAL_IDENTITY_LOST;
        told_ = entry.sequence;
    }
}

Result<void> Guard::is_still_there() const {
    if (is_another_kernel_) {
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, session_.target().name(),
                    "another kernel runs in it, or the same one has booted again",
                    "start defib run again, once it is up");
    }
    if (session_.target().is_still_there()) return {};
    return fail(DEFIB_ERROR_BOOT_TARGET_LOST, session_.target().name(),
                "its memory is not there any more: the machine was powered off");
}

// What a finding was, the detectors see again.
Result<void> Guard::start_again(const Error& why) {
    if (restarts_++ == MOST_RESTARTS) return std::unexpected(why);
    session_.forget_hook();
    hook_look_ns_ = 0;
    return session_.engine().restart();
}

Result<void> Guard::look_for_hook() {
    if (now_ns() < hook_look_ns_) return {};
    const auto found = session_.find_hook(HOOK_BEATS_WITHIN);
    hook_look_ns_ = now_ns() + HOOK_LOOK_EVERY_NS;
    if (!found) return std::unexpected(found.error());
    return {};
}

Result<void> Guard::run(const Tell& tell, const Sleep& sleep) {
    Engine& engine = session_.engine();
    for (bool is_stopping = false;;) {
        const auto tended = engine.tend();
        drain(tell);
        if (tended && tended->has_stopped) {
            session_.forget_hook();
            return {};
        }
        if (auto there = is_still_there(); !there) return there;
        if (!tended) {
            // A loop that dies while it is to stop has stopped.
            if (is_stopping) return std::unexpected(tended.error());
            if (auto again = start_again(tended.error()); !again) return again;
            continue;
        }
        // A command would take the place of the one to stop.
        if (!is_stopping) {
            if (auto looked = look_for_hook(); !looked) return looked;
        }
        const uint64_t longest =
            now_ns() + (session_.twin() == nullptr ? ~uint64_t{0} >> 1 : LONGEST_SLEEP_NS);
        const bool wants_stop = sleep(std::min(tended->again_ns, longest));
        if (!wants_stop || is_stopping) continue;
        is_stopping = true;
        if (auto figures = figures_of(session_)) figures_ = std::move(*figures);
        engine.tell_to_stop();
    }
}

}  // namespace defib::boot
