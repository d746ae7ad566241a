// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/collect.h"

#include "engine/runtime/execute.h"
#include "engine/runtime/lines.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint32_t ATTEMPTS = 2;

DefibRecords object_room(const DefibEngine& engine) {
    return {reinterpret_cast<uint64_t>(engine.objects), DEFIB_VIEW_OBJECTS * POINTER_RECORD, 0, 0,
            0};
}

// Room for 4096 heads: a collection runs no replicas.
DefibRecords head_room(const DefibEngine& engine) {
    return {engine.replica_records + uint64_t{DEFIB_REPLICAS - 1} * DEFIB_REPLICA_RECORDS,
            DEFIB_REPLICA_RECORDS, 0, 0, 0};
}

DefibRecords collect_once(DefibEngine& engine, uint32_t collector, const uint64_t* arguments,
                          const DefibRecords& room, DefibAnswer& answer) {
    DefibContext& context = engine.replicas[0];
    const uint64_t fuel = engine.routines[collector].fuel;
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        forget_translations(context.cache);
        begin(context, *engine.target, fuel, DEFIB_STORES_DENIED, room);
        hold_lines(context, DEFIB_LINES_OWN);
        run(context, collector, arguments);
        if (context.death == DEFIB_DEATH_NONE) break;
    }
    answer.death = context.death;
    answer.death_address = context.death_address;
    answer.incomplete = context.death != DEFIB_DEATH_NONE || context.records.lost != 0;
    return context.records;
}

}  // namespace

DefibRecords collect(DefibEngine& engine, uint32_t collector, const uint64_t* arguments,
                     DefibAnswer& answer) {
    const DefibRoutine& entry = engine.routines[collector];
    if (entry.collector == DEFIB_NO_ROUTINE) {
        return collect_once(engine, collector, arguments, object_room(engine), answer);
    }
    DefibRecords all = object_room(engine);
    if (routine_of(engine, entry.collector) == nullptr) {
        answer.death = DEFIB_DEATH_ROUTINE;
        answer.incomplete = 1;
        return all;
    }
    const DefibRecords heads =
        collect_once(engine, entry.collector, arguments, head_room(engine), answer);
    DefibJob job = {};
    job.routine = collector;
    job.count = heads.used / POINTER_RECORD;
    job.fuel = entry.fuel;
    job.objects = heads.bytes;
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) job.arguments[i] = arguments[i];
    DefibSum sum = {};
    spread(engine, job, all, sum);
    if (sum.torn != 0 || all.lost != 0) answer.incomplete = 1;
    if (answer.death == DEFIB_DEATH_NONE) {
        answer.death = sum.death;
        answer.death_address = sum.death_address;
    }
    return all;
}

bool FoundPointers::take(uint64_t& address) {
#pragma clang loop unroll(disable)
    for (; left_ > 0 && found_.used - at_ >= POINTER_RECORD; left_--) {
        const auto* header = pointer_to<const DefibRecordHeader>(found_.bytes + at_);
        const uint32_t padded = (header->size + 7) & ~7U;
        const uint32_t room = found_.used - at_ - static_cast<uint32_t>(sizeof *header);
        const bool is_pointer =
            header->kind == DEFIB_RECORD_POINTER && header->size == sizeof(uint64_t);
        if (is_pointer) address = *reinterpret_cast<const uint64_t*>(header + 1);
        // A record that claims more than there is ends the list.
        at_ = padded > room ? found_.used : at_ + static_cast<uint32_t>(sizeof *header) + padded;
        if (!is_pointer) continue;
        left_--;
        return true;
    }
    return false;
}

}  // namespace defib::runtime
