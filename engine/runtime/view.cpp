// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/view.h"

#include "engine/runtime/collect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/lines.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/spread.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint32_t ATTEMPTS = 2;

// True when an attempt ended alive; its records then stay.
bool look_at(DefibEngine& engine, const DefibView& view, const DefibRoutine& item,
             const uint64_t* arguments, DefibRecords& records) {
    DefibContext& context = engine.replicas[0];
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt != 0) forget_translations(context.cache);
        begin(context, *engine.target, item.fuel, DEFIB_STORES_DENIED, records);
        take_steady_picture(context, arguments[0] + view.picture_offset, view.picture_size);
        hold_lines(context, DEFIB_LINES_OWN);
        if (context.death == DEFIB_DEATH_NONE) run(context, view.item, arguments);
        if (context.death == DEFIB_DEATH_NONE) {
            records = context.records;
            return true;
        }
    }
    return false;
}

void look_at_all(DefibEngine& engine, const DefibCommand& command, const DefibRoutine& item,
                 const DefibRecords& found, DefibAnswer& answer) {
    DefibJob job = {};
    job.routine = command.view.item;
    job.count = found.used / POINTER_RECORD;
    job.picture_offset = command.view.picture_offset;
    job.picture_size = command.view.picture_size;
    job.fuel = item.fuel;
    job.objects = found.bytes;
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) job.arguments[i] = command.arguments[i];
    DefibSum sum = {};
    spread(engine, job, answer.records, sum);
    answer.objects = sum.objects;
    answer.torn = sum.torn;
    // Why the first one was torn stands for all, where the collector has nothing worse to say.
    if (answer.death != DEFIB_DEATH_NONE) return;
    answer.death = sum.death;
    answer.death_address = sum.death_address;
}

}  // namespace

void run_view(DefibEngine& engine, const DefibCommand& command, uint64_t now_ns,
              DefibAnswer& answer) {
    const DefibView& view = command.view;
    const DefibRoutine* item = routine_of(engine, view.item);
    const DefibRoutine* collector =
        view.collector == DEFIB_VIEW_ONCE ? item : routine_of(engine, view.collector);
    answer.records = {engine.records.bytes, engine.records.capacity, 0, 0, 0};
    if (item == nullptr || collector == nullptr) {
        answer.outcome = DEFIB_OUTCOME_REFUSED;
        answer.death = DEFIB_DEATH_ROUTINE;
        return append(*engine.journal, now_ns, DEFIB_JOURNAL_REFUSED,
                      item == nullptr ? view.item : view.collector);
    }
    answer.outcome = DEFIB_OUTCOME_NO_CHANGE;
    DefibLoopRecord& loop = engine.statistics.loop;
    loop.heads = loop.items = loop.adding = loop.delivered = 0;
    forget_translations(engine.replicas[0].cache);
    if (view.collector == DEFIB_VIEW_ONCE) {
        answer.objects = 1;
        if (!look_at(engine, view, *item, command.arguments, answer.records)) {
            answer.torn = 1;
            answer.outcome = DEFIB_OUTCOME_DIED;
            // What it reported before it died still tells something, and the answer says that it
            // did.
            answer.records = engine.replicas[0].records;
        }
        answer.death = engine.replicas[0].death;
        answer.death_address = engine.replicas[0].death_address;
        answer.result = engine.replicas[0].result;
    } else {
        const DefibRecords found = collect(engine, view.collector, command.arguments, answer);
        look_at_all(engine, command, *item, found, answer);
    }
    if (answer.records.lost != 0) {
        append(*engine.journal, now_ns, DEFIB_JOURNAL_RECORDS_LOST, view.item,
               {answer.records.lost, 0, 0, 0});
    }
}

}  // namespace defib::runtime
