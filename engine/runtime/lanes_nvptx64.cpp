// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lanes_nvptx64.h"

#include "engine/runtime/gather.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/spread.h"

namespace defib::runtime {
namespace {

// Reads that a lane has under way before it stores the first: 32 lanes with eight words each are
// 2 KB, a whole picture in two rounds.
constexpr uint32_t AT_ONCE = 8;

void meet() {
    __nvvm_bar_warp_sync(~0U);
}

// All of a lane's words, eight at a time, each with its number.
template <class Each>
void for_share(const DefibOrder& order, uint32_t lane, Each each) {
    const uint64_t from = order.from;
    const uint32_t words = order.words;
    if (from % 8 != 0) {
#pragma clang loop unroll(disable)
        for (uint32_t at = lane; at < words; at += DEFIB_LANES) {
            each(at, read_any(from + uint64_t{at} * 8, 8));
        }
        return;
    }
#pragma clang loop unroll(disable)
    for (uint32_t first = lane; first < words; first += DEFIB_LANES * AT_ONCE) {
        uint64_t read[AT_ONCE] = {};
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            const uint32_t at = first + i * DEFIB_LANES;
            // Not one read too many: those of one address are served one after the other.
            if (at < words) read[i] = read_volatile(from + uint64_t{at} * 8, 8);
        }
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            const uint32_t at = first + i * DEFIB_LANES;
            if (at < words) each(at, read[i]);
        }
    }
}

void copy_share(const DefibOrder& order, uint32_t lane) {
    auto* to = pointer_to<uint64_t>(order.to);
    for_share(order, lane, [to](uint32_t at, uint64_t word) { to[at] = word; });
}

void compare_share(DefibOrder& order, uint32_t lane) {
    const auto* held = pointer_to<const uint64_t>(order.to);
    bool differs = false;
    for_share(order, lane,
              [&](uint32_t at, uint64_t word) { differs = differs || held[at] != word; });
    if (differs) order.kind = DEFIB_ORDER_DIFFERS;
}

// Each lane adds up a stretch of the chunks; then each knows what lies before its stretch, and
// gives every chunk its place. What does not fit is lost, and said to be.
void add_up_share(DefibTeam& team, uint32_t lane) {
    const DefibJob& job = team.job;
    const uint32_t chunks = (job.count + job.chunk - 1) / job.chunk;
    const uint32_t share = (chunks + DEFIB_LANES - 1) / DEFIB_LANES;
    const uint32_t first = lane * share < chunks ? lane * share : chunks;
    const uint32_t end = chunks - first < share ? chunks : first + share;
    DefibChunk mine = {};
#pragma clang loop unroll(disable)
    for (uint32_t i = first; i < end; i++) mine.bytes += team.chunks[i].bytes;
    team.totals[lane].bytes = mine.bytes;
    meet();
    uint32_t to = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < lane; i++) to += team.totals[i].bytes;
    mine.to = to;
    mine.bytes = 0;
    const auto capacity = static_cast<uint32_t>(team.order.to);
#pragma clang loop unroll(disable)
    for (uint32_t i = first; i < end; i++) {
        DefibChunk& chunk = team.chunks[i];
        const bool fits = to <= capacity && chunk.bytes <= capacity - to;
        chunk.to = to;
        to += chunk.bytes;
        if (!fits) {
            chunk.lost += chunk.records;
            chunk.records = 0;
            chunk.bytes = 0;
        }
        mine.bytes += chunk.bytes;
        mine.records += chunk.records;
        mine.lost += chunk.lost;
        add_up(mine.sum, chunk.sum);
    }
    // Every lane has read the totals of the first pass.
    meet();
    team.totals[lane] = mine;
}

[[gnu::noinline]] void do_share(DefibOrder& order, uint32_t lane) {
    if (order.kind == DEFIB_ORDER_COPY) return copy_share(order, lane);
    if (order.kind == DEFIB_ORDER_COMPARE) return compare_share(order, lane);
    if (order.kind == DEFIB_ORDER_ADD_UP) add_up_share(*pointer_to<DefibTeam>(order.from), lane);
}

}  // namespace

void serve(DefibOrder& order) {
#pragma clang loop unroll(disable)
    for (;;) {
        meet();
        if (order.kind == DEFIB_ORDER_LEAVE) return;
        do_share(order, lane_of_warp());
        meet();
    }
}

void carry_out(DefibOrder& order, DefibOrderKind kind, uint64_t from, uint64_t to, uint32_t words) {
    order = {static_cast<uint32_t>(kind), words, from, to};
    meet();
    do_share(order, 0);
    meet();
}

void dismiss(DefibOrder& order) {
    order.kind = DEFIB_ORDER_LEAVE;
    meet();
}

void gather(DefibContext& context, uint64_t* to, uint64_t from, uint32_t words) {
    const auto target = reinterpret_cast<uint64_t>(to);
    if (context.crew != 0) {
        carry_out(*pointer_to<DefibOrder>(context.crew), DEFIB_ORDER_COPY, from, target, words);
        return;
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < words; i++) to[i] = read_any(from + uint64_t{i} * 8, 8);
}

bool is_gathered(DefibContext& context, const uint64_t* words, uint64_t from, uint32_t count) {
    if (context.crew != 0) {
        auto& order = *pointer_to<DefibOrder>(context.crew);
        carry_out(order, DEFIB_ORDER_COMPARE, from, reinterpret_cast<uint64_t>(words), count);
        return order.kind == DEFIB_ORDER_COMPARE;
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        if (read_any(from + uint64_t{i} * 8, 8) != words[i]) return false;
    }
    return true;
}

}  // namespace defib::runtime
