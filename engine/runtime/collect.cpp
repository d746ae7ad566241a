// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/collect.h"

#include "engine/runtime/execute.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

constexpr uint32_t ATTEMPTS = 2;
constexpr uint32_t POINTER_RECORD = sizeof(DefibRecordHeader) + sizeof(uint64_t);

DefibRecords object_room(const DefibEngine& engine) {
    return {reinterpret_cast<uint64_t>(engine.objects), DEFIB_VIEW_OBJECTS * POINTER_RECORD, 0, 0,
            0};
}

}  // namespace

DefibRecords collect(DefibEngine& engine, uint32_t collector, const uint64_t* arguments,
                     DefibAnswer& answer) {
    DefibContext& context = engine.replicas[0];
    const uint64_t fuel = engine.routines[collector].fuel;
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        forget_translations(context.cache);
        begin(context, *engine.target, fuel, DEFIB_STORES_DENIED, object_room(engine));
        run(context, collector, arguments);
        if (context.death == DEFIB_DEATH_NONE) break;
    }
    answer.death = context.death;
    answer.death_address = context.death_address;
    answer.incomplete = context.death != DEFIB_DEATH_NONE || context.records.lost != 0;
    return context.records;
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
