// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cpu_engine.h"

#include <algorithm>

#include "boot/backend/engine_state.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::boot {
namespace {

// A view of 30,000 processes with 400 bytes each, and room. What is not written is not allocated.
constexpr size_t RECORD_WORDS = (size_t{64} << 20) / 8;

}  // namespace

CpuEngine::CpuEngine(const DefibWindow& window, const DefibKernelMap& map, const Bound& bound)
    : target_(std::make_unique<DefibTarget>()),
      mailbox_(std::make_unique<DefibMailbox>()),
      journal_(std::make_unique<DefibJournal>()),
      records_(std::make_unique_for_overwrite<uint64_t[]>(RECORD_WORDS)),
      objects_(std::make_unique_for_overwrite<uint64_t[]>(static_cast<size_t>(DEFIB_OBJECT_ROOM) /
                                                          8 * 2)),
      replica_records_(std::make_unique_for_overwrite<uint64_t[]>(size_t{DEFIB_REPLICAS} *
                                                                  DEFIB_REPLICA_RECORDS / 8)),
      engine_(std::make_unique<DefibEngine>()),
      start_ns_(now_ns()),
      start_ticks_(runtime::ticks()) {
    target_->window = window;
    target_->map = map;
    target_->binding = bound.binding;
    runtime::prepare(*target_);
    engine_->abi_version = DEFIB_ABI_VERSION;
    engine_->target = target_.get();
    engine_->mailbox = mailbox_.get();
    engine_->journal = journal_.get();
    engine_->records = {reinterpret_cast<uint64_t>(records_.get()), RECORD_WORDS * 8, 0, 0, 0};
    engine_->objects = objects_.get();
    engine_->replica_records = reinterpret_cast<uint64_t>(replica_records_.get());
    const size_t count = std::min<size_t>(bound.routines.size(), DEFIB_ROUTINES);
    for (size_t i = 0; i < count; i++) engine_->routines[i] = bound.routines[i].routine;
    runtime::start(*engine_, now_ns());
}

Result<DefibAnswer> CpuEngine::carry_out(const DefibCommand& command) {
    runtime::post(*mailbox_, command);
    while (!runtime::is_answered(*mailbox_)) runtime::turn(*engine_, now_ns());
    return mailbox_->answer;
}

Result<void> CpuEngine::guard(const DefibResponder& responder) {
    responder_ = std::make_unique<DefibResponder>(responder);
    engine_->responder = responder_.get();
    has_stopped_ = false;
    runtime::start(*engine_, now_ns());
    return {};
}

Result<Tended> CpuEngine::tend() {
    if (!has_stopped_) has_stopped_ = runtime::turn(*engine_, now_ns()) == runtime::Turn::stop;
    return Tended{has_stopped_, runtime::next_turn_ns(*engine_)};
}

void CpuEngine::tell_to_stop() {
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_STOP;
    runtime::post(*mailbox_, command);
}

Result<void> CpuEngine::restart() {
    has_stopped_ = false;
    runtime::start(*engine_, now_ns());
    return {};
}

// The counter's rate, from what has passed since the start.
double CpuEngine::ns_a_tick() const {
    const uint64_t ticks = runtime::ticks() - start_ticks_;
    return ticks == 0 ? 0 : static_cast<double>(now_ns() - start_ns_) / static_cast<double>(ticks);
}

}  // namespace defib::boot
