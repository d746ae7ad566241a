// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lines.h"

#include "engine/runtime/gather.h"
#include "engine/runtime/life.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {
namespace {

uint32_t held(const DefibLines& lines) {
    return lines.next < DEFIB_LINES ? lines.next : DEFIB_LINES;
}

uint64_t serve(DefibContext& context, uint32_t line, uint64_t within, uint32_t size) {
    DefibLines& lines = context.lines;
    if (lines.use == DEFIB_LINES_PROVED) lines.served[line] |= words_at(within, size);
    // What is planned lies over it: then each load has to be looked at.
    lines.last = context.plan.count == 0 ? lines.addresses[line] : 0;
    lines.last_words = reinterpret_cast<uint64_t>(lines.words[line]);
    lines.last_index = line;
    return word_at(lines.words[line], within, size);
}

void confirm(DefibContext& context, uint32_t first, uint32_t count) {
    if (is_still_served(context, first, count)) return;
    die(context, DEFIB_DEATH_TORN, context.lines.addresses[first]);
}

}  // namespace

bool read_line(DefibContext& context, uint64_t address, uint32_t size, uint64_t& value) {
    DefibLines& lines = context.lines;
    if (lines.use == DEFIB_LINES_NONE) return false;
    const uint64_t within = address % DEFIB_LINE_SIZE;
    const uint64_t first = address - within;
    if (within + size > DEFIB_LINE_SIZE) return false;
    const uint32_t count = held(lines);
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        if (lines.addresses[i] != first) continue;
        value = serve(context, i, within, size);
        return true;
    }
    const Place place = translate(*context.target, context.cache, first, DEFIB_LINE_SIZE);
    if (place.death != DEFIB_DEATH_NONE) return false;
    // Of a dump: nothing is stored there, and nothing has to be proved.
    if (lines.use == DEFIB_LINES_PROVED && place.backend % 8 != 0) return false;
    const uint32_t line = lines.next % DEFIB_LINES;
    if (lines.use == DEFIB_LINES_PROVED && lines.next >= DEFIB_LINES) confirm(context, line, 1);
    lines.next++;
    gather_line(context, lines.words[line], place.backend);
    lines.addresses[line] = first;
    lines.places[line] = place.backend;
    lines.served[line] = 0;
    value = serve(context, line, within, size);
    return true;
}

void confirm_lines(DefibContext& context) {
    const uint32_t count = held(context.lines);
    if (context.lines.use != DEFIB_LINES_PROVED || count == 0) return;
    confirm(context, 0, count);
}

}  // namespace defib::runtime
