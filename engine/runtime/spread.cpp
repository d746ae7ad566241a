// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/spread.h"

#include "engine/runtime/execute.h"
#include "engine/runtime/lines.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint32_t ATTEMPTS = 2;

uint32_t least(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

}  // namespace

void run_item(DefibEngine& engine, DefibContext& context, const DefibJob& job, uint32_t index,
              DefibRecords& into, DefibSum& sum) {
    const uint64_t found = job.objects + uint64_t{index} * POINTER_RECORD;
    const auto* header = pointer_to<const DefibRecordHeader>(found);
    if (header->kind != DEFIB_RECORD_POINTER || header->size != sizeof(uint64_t)) return;
    uint64_t arguments[DEFIB_ARGUMENTS];
    for (uint32_t i = 1; i < DEFIB_ARGUMENTS; i++) arguments[i] = job.arguments[i];
    arguments[0] = *reinterpret_cast<const uint64_t*>(header + 1);
    sum.objects++;

    const uint32_t left = into.used < into.capacity ? into.capacity - into.used : 0;
    const DefibRecords room = {into.bytes + into.used, least(left, DEFIB_ITEM_RECORDS), 0, 0, 0};
#pragma clang loop unroll(disable)
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt != 0) forget_translations(context.cache);
        begin(context, *engine.target, job.fuel, DEFIB_STORES_DENIED, room);
        take_steady_picture(context, arguments[0] + job.picture_offset, job.picture_size);
        hold_lines(context, attempt == 0 ? DEFIB_LINES_SHARED : DEFIB_LINES_OWN);
        if (context.death == DEFIB_DEATH_NONE) run(context, job.routine, arguments);
        if (context.death != DEFIB_DEATH_NONE) continue;
        into.used += context.records.used;
        into.count += context.records.count;
        into.lost += context.records.lost;
        return;
    }
    add_up(sum, {0, 1, context.death, 0, context.death_address});
}

}  // namespace defib::runtime
