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
#ifndef DEFIB_ONE_LANE
    __nvvm_bar_warp_sync(~0U);
#endif
}

// Each kind of order is a function of its own: one for all would keep and restore at every call the
// registers that the largest one needs, and every byte of code has to be fetched.

// A word that lies across two, of a dump.
[[gnu::noinline]] uint64_t read_across(uint64_t from) {
    return read_any(from, 8);
}

// All of a lane's words, eight at a time, each with its number.
template <class Each>
void for_share(const DefibOrder& order, uint32_t lane, Each each) {
    const uint64_t from = order.from;
    const uint32_t words = order.words;
    if (from % 8 != 0) {
#pragma clang loop unroll(disable)
        for (uint32_t at = lane; at < words; at += LANES_AT_WORK) {
            each(at, read_across(from + uint64_t{at} * 8));
        }
        return;
    }
#pragma clang loop unroll(disable)
    for (uint32_t first = lane; first < words; first += LANES_AT_WORK * AT_ONCE) {
        uint64_t read[AT_ONCE] = {};
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            const uint32_t at = first + i * LANES_AT_WORK;
            // Not one read too many: those of one address are served one after the other.
            if (at < words) read[i] = read_volatile(from + uint64_t{at} * 8, 8);
        }
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            const uint32_t at = first + i * LANES_AT_WORK;
            if (at < words) each(at, read[i]);
        }
    }
}

[[gnu::noinline]] void copy_share(const DefibOrder& order, uint32_t lane) {
    auto* to = pointer_to<uint64_t>(order.to);
    for_share(order, lane, [to](uint32_t at, uint64_t word) { to[at] = word; });
}

[[gnu::noinline]] void compare_share(DefibOrder& order, uint32_t lane) {
    const auto* held = pointer_to<const uint64_t>(order.to);
    bool differs = false;
    for_share(order, lane,
              [&](uint32_t at, uint64_t word) { differs = differs || held[at] != word; });
    if (differs) order.kind = DEFIB_ORDER_DIFFERS;
}

#ifdef DEFIB_ONE_LANE
uint32_t from_lane(uint32_t value, uint32_t /*lane*/) {
    return value;
}
uint32_t sum_up_to(uint32_t value, uint32_t /*lane*/) {
    return value;
}
#else
uint32_t from_lane(uint32_t value, uint32_t lane) {
    return static_cast<uint32_t>(__nvvm_shfl_sync_idx_i32(~0U, static_cast<int>(value),
                                                          static_cast<int>(lane), DEFIB_LANES - 1));
}

// The sum of the values of all lanes up to this one.
uint32_t sum_up_to(uint32_t value, uint32_t lane) {
#pragma clang loop unroll(full)
    for (uint32_t distance = 1; distance < DEFIB_LANES; distance *= 2) {
        const auto below = static_cast<uint32_t>(
            __nvvm_shfl_sync_up_i32(~0U, static_cast<int>(value), static_cast<int>(distance), 0));
        if (lane >= distance) value += below;
    }
    return value;
}
#endif

uint32_t sum_of_all(uint32_t value, uint32_t lane) {
    return from_lane(sum_up_to(value, lane), LANES_AT_WORK - 1);
}

[[gnu::noinline]] void sum_up_share(DefibTeam& team, uint32_t lane) {
    const DefibJob& job = team.job;
    const uint32_t chunks = (job.count + job.chunk - 1) / job.chunk;
    const uint32_t groups = (chunks + DEFIB_GROUP_CHUNKS - 1) / DEFIB_GROUP_CHUNKS;
    DefibGroup mine = {};
#pragma clang loop unroll(disable)
    for (uint32_t i = lane; i < groups; i += LANES_AT_WORK) {
        const DefibGroup& group = team.groups[i];
        mine.bytes += group.bytes;
        mine.records += group.records;
        mine.lost += group.lost;
        mine.objects += group.objects;
        mine.torn += group.torn;
    }
    const DefibChunk all = {0,
                            0,
                            sum_of_all(mine.bytes, lane),
                            sum_of_all(mine.records, lane),
                            sum_of_all(mine.lost, lane),
                            {sum_of_all(mine.objects, lane), sum_of_all(mine.torn, lane), 0, 0, 0}};
    if (lane == 0) team.total = all;
}

// What lies before it: whole groups, then chunks of its own group.
[[gnu::noinline]] void place_share(DefibOrder& order, uint32_t lane) {
    const auto& team = *pointer_to<const DefibTeam>(order.from);
    const uint32_t number = order.words;
    const uint32_t group = number / DEFIB_GROUP_CHUNKS;
    uint32_t bytes = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = lane; i < group; i += LANES_AT_WORK) bytes += team.groups[i].bytes;
#pragma clang loop unroll(disable)
    for (uint32_t i = group * DEFIB_GROUP_CHUNKS + lane; i < number; i += LANES_AT_WORK) {
        bytes += team.chunks[i].bytes;
    }
    const uint32_t all = sum_of_all(bytes, lane);
    if (lane == 0) order.to = all;
}

// Gives every chunk its place, many neighbouring ones at a time: each lane has a few, whose loads
// are under way together. What does not fit is lost, and said to be.
constexpr uint32_t CHUNKS_AT_ONCE = 8;

[[gnu::noinline]] void add_up_share(DefibTeam& team, uint32_t lane) {
    const DefibJob& job = team.job;
    const uint32_t chunks = (job.count + job.chunk - 1) / job.chunk;
    const auto capacity = static_cast<uint32_t>(team.order.to);
    DefibChunk mine = {};
    uint32_t first_torn = chunks;
    uint32_t to = 0;
#pragma clang loop unroll(disable)
    for (uint32_t first = 0; first < chunks; first += LANES_AT_WORK * CHUNKS_AT_ONCE) {
        const uint32_t number = first + lane * CHUNKS_AT_ONCE;
        uint32_t bytes[CHUNKS_AT_ONCE];
        uint32_t records[CHUNKS_AT_ONCE];
        uint32_t lost[CHUNKS_AT_ONCE];
        uint32_t objects[CHUNKS_AT_ONCE];
        uint32_t torn[CHUNKS_AT_ONCE];
        uint32_t sum = 0;
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < CHUNKS_AT_ONCE; i++) {
            const bool is_one = number + i < chunks;
            const DefibChunk& chunk = team.chunks[is_one ? number + i : 0];
            bytes[i] = is_one ? chunk.bytes : 0;
            records[i] = is_one ? chunk.records : 0;
            lost[i] = is_one ? chunk.lost : 0;
            objects[i] = is_one ? chunk.sum.objects : 0;
            torn[i] = is_one ? chunk.sum.torn : 0;
        }
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < CHUNKS_AT_ONCE; i++) sum += bytes[i];
        const uint32_t end = to + sum_up_to(sum, lane);
        uint32_t at = end - sum;
        to = from_lane(end, LANES_AT_WORK - 1);
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < CHUNKS_AT_ONCE; i++) {
            if (number + i >= chunks) continue;
            DefibChunk& chunk = team.chunks[number + i];
            chunk.to = at;
            at += bytes[i];
            const bool fits = at <= capacity;
            if (!fits) chunk.bytes = 0;
            mine.bytes += fits ? bytes[i] : 0;
            mine.records += fits ? records[i] : 0;
            mine.lost += fits ? lost[i] : lost[i] + records[i];
            mine.sum.objects += objects[i];
            mine.sum.torn += torn[i];
            if (torn[i] != 0 && first_torn == chunks) first_torn = number + i;
        }
    }
    const DefibChunk all = {
        0,
        0,
        sum_of_all(mine.bytes, lane),
        sum_of_all(mine.records, lane),
        sum_of_all(mine.lost, lane),
        {sum_of_all(mine.sum.objects, lane), sum_of_all(mine.sum.torn, lane), 0, 0, 0}};
    // The first torn one's reason stands for all.
    uint32_t least = chunks;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < LANES_AT_WORK; i++) {
        const uint32_t one = from_lane(first_torn, i);
        if (one < least) least = one;
    }
    if (lane != 0) return;
    team.total = all;
    if (least == chunks) return;
    team.total.sum.death = team.chunks[least].sum.death;
    team.total.sum.death_address = team.chunks[least].sum.death_address;
}

void do_share(DefibOrder& order, uint32_t lane) {
    if (order.kind == DEFIB_ORDER_COPY) return copy_share(order, lane);
    if (order.kind == DEFIB_ORDER_COMPARE) return compare_share(order, lane);
    if (order.kind == DEFIB_ORDER_PLACE) return place_share(order, lane);
    if (order.kind == DEFIB_ORDER_SUM_UP) {
        return sum_up_share(*pointer_to<DefibTeam>(order.from), lane);
    }
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
