// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lines.h"

#include "engine/runtime/gather.h"
#include "engine/runtime/picture.h"
#include "engine/runtime/translate.h"

namespace defib::runtime {

bool read_line(DefibContext& context, uint64_t address, uint32_t size, uint64_t& value) {
    DefibLines& lines = context.lines;
    if (lines.use == DEFIB_LINES_NONE) return false;
    const uint64_t within = address % DEFIB_LINE_SIZE;
    const uint64_t first = address - within;
    if (within + size > DEFIB_LINE_SIZE) return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < DEFIB_LINES; i++) {
        if (lines.addresses[i] != first) continue;
        lines.last = first;
        lines.last_words = reinterpret_cast<uint64_t>(lines.words[i]);
        value = word_at(lines.words[i], within, size);
        return true;
    }
    const Place place = translate(*context.target, context.cache, first, DEFIB_LINE_SIZE);
    if (place.death != DEFIB_DEATH_NONE) return false;
    const uint32_t line = lines.next++ % DEFIB_LINES;
    gather_line(context, lines.words[line], place.backend);
    lines.addresses[line] = first;
    lines.last = first;
    lines.last_words = reinterpret_cast<uint64_t>(lines.words[line]);
    value = word_at(lines.words[line], within, size);
    return true;
}

}  // namespace defib::runtime
