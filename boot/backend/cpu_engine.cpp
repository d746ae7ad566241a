// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cpu_engine.h"

#include <time.h>

#include <algorithm>

#include "engine/runtime/loop.h"

namespace defib::boot {
namespace {

// A view of 30,000 processes with 400 bytes each, and room. What is not written is not allocated.
constexpr size_t RECORD_WORDS = (size_t{64} << 20) / 8;

uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

CpuEngine::CpuEngine(const DefibWindow& window, const DefibKernelMap& map, const Bound& bound)
    : target_(std::make_unique<DefibTarget>(window, map, bound.binding)),
      mailbox_(std::make_unique<DefibMailbox>()),
      journal_(std::make_unique<DefibJournal>()),
      records_(std::make_unique_for_overwrite<uint64_t[]>(RECORD_WORDS)),
      objects_(std::make_unique_for_overwrite<uint64_t[]>(size_t{DEFIB_VIEW_OBJECTS} * 2)),
      replica_records_(std::make_unique_for_overwrite<uint64_t[]>(size_t{DEFIB_REPLICAS} *
                                                                  DEFIB_REPLICA_RECORDS / 8)),
      engine_(std::make_unique<DefibEngine>()) {
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

}  // namespace defib::boot
