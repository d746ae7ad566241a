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

// Stages take turns: what one found is what the next one starts from.
DefibRecords object_room(const DefibEngine& engine, uint32_t stage) {
    return {reinterpret_cast<uint64_t>(engine.objects) +
                uint64_t{stage % 2} * static_cast<uint64_t>(DEFIB_OBJECT_ROOM),
            DEFIB_OBJECT_ROOM, 0, 0, 0};
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

// One stage: the collector for each of the heads.
DefibRecords collect_for_each(DefibEngine& engine, uint32_t collector, const DefibRecords& heads,
                              const uint64_t* arguments, const DefibRecords& room,
                              DefibAnswer& answer) {
    DefibJob job = {};
    job.routine = collector;
    job.count = heads.used / POINTER_RECORD;
    job.fuel = engine.routines[collector].fuel;
    job.objects = heads.bytes;
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) job.arguments[i] = arguments[i];
    DefibRecords all = room;
    DefibSum sum = {};
    spread(engine, job, all, sum);
    if (sum.torn != 0 || all.lost != 0) answer.incomplete = 1;
    if (answer.death == DEFIB_DEATH_NONE) {
        answer.death = sum.death;
        answer.death_address = sum.death_address;
    }
    return all;
}

}  // namespace

DefibRecords collect(DefibEngine& engine, uint32_t collector, const uint64_t* arguments,
                     DefibAnswer& answer) {
    // From the one that is asked for to the one that starts from nothing.
    uint32_t stages[DEFIB_COLLECTOR_STAGES];
    uint32_t first = 0;
    stages[0] = collector;
#pragma clang loop unroll(disable)
    for (;;) {
        const uint32_t heads = engine.routines[stages[first]].collector;
        if (heads == DEFIB_NO_ROUTINE) break;
        if (routine_of(engine, heads) == nullptr || first + 1 == DEFIB_COLLECTOR_STAGES) {
            answer.death = DEFIB_DEATH_ROUTINE;
            answer.incomplete = 1;
            return object_room(engine, 0);
        }
        stages[++first] = heads;
    }
    const uint64_t begun = ticks();
    DefibRecords found =
        collect_once(engine, stages[first], arguments, object_room(engine, first), answer);
    engine.statistics.loop.heads += ticks() - begun;
#pragma clang loop unroll(disable)
    for (uint32_t stage = first; stage > 0; stage--) {
        const DefibRecords room = object_room(engine, stage - 1);
        found = collect_for_each(engine, stages[stage - 1], found, arguments, room, answer);
    }
    return found;
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
