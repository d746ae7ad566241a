// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/view.h"

#include "engine/runtime/collect.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/journal.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint32_t ATTEMPTS = 2;
// Of an object that changes: what runs is changed at each tick and switch, some thousand times a
// second, and a picture takes a microsecond.
constexpr uint32_t PICTURES = 4;

// One moment of the object, or a death.
void take_steady_picture(DefibContext& context, uint64_t address, uint32_t size) {
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < PICTURES; i++) {
        take_picture(context, address, size);
        if (is_still_so(context)) return;
    }
    context.death = DEFIB_DEATH_TORN;
    context.death_address = address;
}

// True when an attempt ended alive; its records then stay.
bool look_at(DefibEngine& engine, const DefibView& view, const DefibRoutine& item,
             const uint64_t* arguments, DefibRecords& records) {
    DefibContext& context = engine.replicas[0];
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt != 0) forget_translations(context.cache);
        begin(context, *engine.target, item.fuel, DEFIB_STORES_DENIED, records);
        take_steady_picture(context, arguments[0] + view.picture_offset, view.picture_size);
        if (context.death == DEFIB_DEATH_NONE) run(context, view.item, arguments);
        if (context.death == DEFIB_DEATH_NONE) {
            records = context.records;
            return true;
        }
    }
    return false;
}

// Why the first one was torn stands for all, where the collector has nothing worse to say.
void note_torn(const DefibContext& context, DefibAnswer& answer) {
    answer.torn++;
    if (answer.death != DEFIB_DEATH_NONE) return;
    answer.death = context.death;
    answer.death_address = context.death_address;
}

void look_at_all(DefibEngine& engine, const DefibCommand& command, const DefibRoutine& item,
                 const DefibRecords& found, DefibAnswer& answer) {
    uint64_t arguments[DEFIB_ARGUMENTS];
    for (uint32_t i = 0; i < DEFIB_ARGUMENTS; i++) arguments[i] = command.arguments[i];
    FoundPointers pointers(found);
#pragma clang loop unroll(disable)
    while (pointers.take(arguments[0])) {
        answer.objects++;
        if (!look_at(engine, command.view, item, arguments, answer.records)) {
            note_torn(engine.replicas[0], answer);
        }
    }
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
