// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/guard.h"

#include <algorithm>

#include "boot/backend/engine_state.h"
#include "boot/find/witness.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/respond.h"

namespace defib::boot {
namespace {

// A command to stop, and the end of the target, are seen within this.
constexpr uint64_t LONGEST_SLEEP_NS = 100000000;

}  // namespace

Result<std::unique_ptr<Guard>> Guard::start(Session& session, const DefibPolicy& policy) {
    if (session.twin() == nullptr) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, session.engine().name(),
                    "a policy is carried out by this processor only so far", "use --backend cpu");
    }
    std::unique_ptr<Guard> guard(new Guard(session));
    guard->responder_ = std::make_unique<DefibResponder>();
    guard->responder_->policy = policy;
    if (auto chosen = choose_witnesses(session.kernel(), session.layout(), *guard->responder_);
        !chosen) {
        return std::unexpected(chosen.error());
    }
    DefibEngine& engine = session.twin()->state();
    engine.responder = guard->responder_.get();
    guard->told_ = engine.journal->written;
    guard->start_ns_ = now_ns();
    runtime::start(engine, guard->start_ns_);
    guard->name_all();
    return guard;
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
    const DefibEngine& engine = session_.twin()->state();
    for (uint32_t i = 0; i < engine.detector_count; i++) {
        name(NameOf::detector, i, manifest.routines[engine.detectors[i].routine].name);
    }
}

void Guard::drain(const Tell& tell) {
    DefibJournalEntry entry{};
    const DefibJournal& journal = session_.engine().journal();
    while (runtime::read_entry(journal, told_ + 1, entry)) {
        tell(entry, entry.sequence - told_ - 1);
        told_ = entry.sequence;
    }
}

Result<void> Guard::is_still_there() const {
    if (responder_->is_stopped == DEFIB_DECLINE_IDENTITY) {
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, session_.target().name(),
                    "another kernel runs in it, or the same one has booted again",
                    "start defib run again, once it is up");
    }
    if (session_.target().is_still_there()) return {};
    return fail(DEFIB_ERROR_BOOT_TARGET_LOST, session_.target().name(),
                "its memory is not there any more: the machine was powered off");
}

Result<void> Guard::run(const Tell& tell, const Sleep& sleep) {
    DefibEngine& engine = session_.twin()->state();
    for (bool is_stopping = false;;) {
        const auto next = runtime::turn(engine, now_ns());
        drain(tell);
        if (next == runtime::Turn::stop) return {};
        if (auto there = is_still_there(); !there) return there;
        const uint64_t longest = now_ns() + LONGEST_SLEEP_NS;
        const bool wants_stop = sleep(std::min(runtime::next_turn_ns(engine), longest));
        if (!wants_stop || is_stopping) continue;
        is_stopping = true;
        DefibCommand command{};
        command.kind = DEFIB_COMMAND_STOP;
        runtime::post(*engine.mailbox, command);
    }
}

}  // namespace defib::boot
