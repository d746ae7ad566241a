// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/pool_nvptx64.h"

#include "engine/runtime/gather.h"
#include "engine/runtime/lanes_nvptx64.h"
#include "engine/runtime/processor.h"

namespace defib::runtime {
namespace {

constexpr uint32_t WORDS = DEFIB_LINE_SIZE / 8;
constexpr uint32_t WAYS = 4;
constexpr uint32_t POLL_NS = 50;

// A tag: from bit 24 on the number of the line (addresses of a GPU have 49 bits, a line has 256
// bytes), then 23 bits of the round, and in bit 0 whether the line is there.
constexpr uint64_t READY = 1;
constexpr uint64_t ROUND_MASK = 0x7fffff;

uint64_t tag_of(const DefibPool& pool, uint64_t from) {
    return from / DEFIB_LINE_SIZE << 24 | (pool.round & ROUND_MASK) << 1;
}

bool is_of_round(const DefibPool& pool, uint64_t tag) {
    return (tag >> 1 & ROUND_MASK) == (pool.round & ROUND_MASK);
}

uint32_t first_place(uint64_t from) {
    const uint64_t number = from / DEFIB_LINE_SIZE * 0x9e3779b97f4a7c15;
    return static_cast<uint32_t>(number >> 40) & (DEFIB_POOL_LINES - WAYS);
}

// The claimed place of the line, whoever claimed it; DEFIB_POOL_LINES: none is free.
uint32_t claim(const DefibPool& pool, uint64_t from, bool& is_mine) {
    const uint64_t wanted = tag_of(pool, from);
    const uint32_t first = first_place(from);
    is_mine = false;
#pragma clang loop unroll(disable)
    for (uint32_t place = first; place < first + WAYS; place++) {
        auto* tag = pointer_to<uint64_t>(pool.tags) + place;
        uint64_t seen = read_volatile(reinterpret_cast<uint64_t>(tag), 8);
        if (!is_of_round(pool, seen)) {
            is_mine = __atomic_compare_exchange_n(tag, &seen, wanted, false, __ATOMIC_RELAXED,
                                                  __ATOMIC_RELAXED);
            if (is_mine) return place;
        }
        if ((seen & ~READY) == wanted) return place;
    }
    return DEFIB_POOL_LINES;
}

}  // namespace

void begin_round(DefibPool& pool) {
    pool.round++;
    if ((pool.round & ROUND_MASK) != 0) return;
    // Round numbers start again, and a line of the last time must not be taken for one of now.
    pool.round++;
    auto* tags = pointer_to<uint64_t>(pool.tags);
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < DEFIB_POOL_LINES; i++) tags[i] = 0;
}

void gather_line(DefibContext& context, uint64_t* to, uint64_t from) {
    const bool is_shared = context.lines.use == DEFIB_LINES_SHARED && context.pool != nullptr &&
                           from % DEFIB_LINE_SIZE == 0;
    bool is_mine = false;
    const uint32_t place = is_shared ? claim(*context.pool, from, is_mine) : DEFIB_POOL_LINES;
    if (place == DEFIB_POOL_LINES) return gather(context, to, from, WORDS);

    const DefibPool& pool = *context.pool;
    const uint64_t tag = pool.tags + uint64_t{place} * 8;
    const uint64_t line = pool.words + uint64_t{place} * DEFIB_LINE_SIZE;
    if (is_mine) {
        gather(context, to, from, WORDS);
        gather(context, pointer_to<uint64_t>(line), reinterpret_cast<uint64_t>(to), WORDS);
        order_device();
        write_volatile(tag, tag_of(pool, from) | READY, 8);
        return;
    }
#pragma clang loop unroll(disable)
    while ((read_volatile(tag, 8) & READY) == 0) rest(POLL_NS);
    order_device();
    gather(context, to, line, WORDS);
}

}  // namespace defib::runtime
