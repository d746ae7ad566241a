// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/gather.h"
#include "engine/runtime/processor.h"

namespace defib::runtime {

void gather(DefibContext& /*context*/, uint64_t* to, uint64_t from, uint32_t words) {
    for (uint32_t i = 0; i < words; i++) to[i] = read_any(from + uint64_t{i} * 8, 8);
}

void gather_line(DefibContext& context, uint64_t* to, uint64_t from) {
    gather(context, to, from, DEFIB_LINE_SIZE / 8);
}

bool is_gathered(DefibContext& /*context*/, const uint64_t* words, uint64_t from, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (read_any(from + uint64_t{i} * 8, 8) != words[i]) return false;
    }
    return true;
}

}  // namespace defib::runtime
