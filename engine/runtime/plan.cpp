// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/plan.h"

#include "engine/abi/calls.h"
#include "engine/runtime/life.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"
#include "engine/runtime/window.h"

namespace defib::runtime {
namespace {

uint64_t cut(uint64_t value, uint32_t size) {
    return size == 8 ? value : value & ((uint64_t{1} << (8 * size)) - 1);
}

// Where the store goes, or 0. The address is translated anew: the plan's physical address must be
// what the page tables say now, not what they said while planning.
[[gnu::noinline]] uint64_t place_of(const DefibTarget& target, const DefibStore& store) {
    if (!is_width(store.size) || store.physical % store.size != 0) return 0;
    if (cut(store.new_value, store.size) != store.new_value) return 0;
    DefibCache nothing;
    forget_translations(nothing);
    const Place place = translate(target, nothing, store.address, store.size);
    if (place.death != DEFIB_DEATH_NONE || place.physical != store.physical) return 0;
    return place.backend;
}

// The store that both want. Every word of it is asked for before the first is looked at: one after
// the other they take a GPU longer than the bus does.
bool take(const DefibStore& one, const DefibStore& other, DefibStore& store) {
    constexpr uint32_t WORDS = sizeof(DefibStore) / 8;
    static_assert(sizeof(DefibStore) % 8 == 0);
    uint64_t words[WORDS];
    uint64_t others[WORDS];
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < WORDS; i++) {
        words[i] = read_volatile(reinterpret_cast<uint64_t>(&one) + uint64_t{i} * 8, 8);
        others[i] = read_volatile(reinterpret_cast<uint64_t>(&other) + uint64_t{i} * 8, 8);
    }
    uint64_t differs = 0;
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < WORDS; i++) differs |= words[i] ^ others[i];
    __builtin_memcpy(&store, words, sizeof store);
    return differs == 0;
}

bool take(const Agreed& agreed, uint32_t i, DefibStore& store) {
    return take(agreed.plan.stores[i], agreed.witness.stores[i], store);
}

bool is_same(const DefibPlan& one, const DefibPlan& other) {
    if (one.count != other.count || one.count > DEFIB_PLAN_STORES) return false;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < one.count; i++) {
        DefibStore store;
        if (!take(one.stores[i], other.stores[i], store)) return false;
    }
    return true;
}

bool is_same(const DefibRecords& one, const DefibRecords& other) {
    if (one.used != other.used || one.count != other.count || one.lost != other.lost) return false;
    if (one.used > one.capacity || other.used > other.capacity) return false;
#pragma clang loop unroll(disable)
    for (uint32_t at = 0; at < one.used; at += 8) {
        if (read_volatile(one.bytes + at, 8) != read_volatile(other.bytes + at, 8)) return false;
    }
    return true;
}

}  // namespace

Slice narrow(const DefibStore& store) {
    if (store.field & DEFIB_STORE_WHOLE) return {0, store.size, store.new_value};
    const uint64_t changed = store.old_value ^ store.new_value;
    if (changed == 0) return {0, 0, 0};
    const auto first = static_cast<uint32_t>(__builtin_ctzll(changed)) / 8;
    const auto last = (63 - static_cast<uint32_t>(__builtin_clzll(changed))) / 8;
    uint32_t size = 1;
    while ((first & ~(size - 1)) + size <= last) size *= 2;
    const uint32_t offset = first & ~(size - 1);
    return {offset, size, cut(store.new_value >> (8 * offset), size)};
}

bool is_same(const DefibContext& one, const DefibContext& other) {
    return one.target == other.target && one.death == other.death &&
           one.death_address == other.death_address && one.fuel == other.fuel &&
           one.result == other.result && one.load_hash == other.load_hash &&
           one.stores == other.stores && is_same(one.plan, other.plan) &&
           is_same(one.records, other.records);
}

DefibOutcome commit(const DefibTarget& target, const Agreed& agreed, uint32_t& made) {
    made = 0;
    const auto count = static_cast<uint32_t>(
        read_volatile(reinterpret_cast<uint64_t>(&agreed.plan.count), sizeof agreed.plan.count));
    if (count != agreed.witness.count) return DEFIB_OUTCOME_DISAGREED;
    if (count == 0) return DEFIB_OUTCOME_NO_CHANGE;
    if (count > DEFIB_PLAN_STORES) return DEFIB_OUTCOME_REFUSED;
    if (target.window.flags & DEFIB_WINDOW_READ_ONLY) return DEFIB_OUTCOME_READ_ONLY;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        DefibStore store;
        if (!take(agreed, i, store)) return DEFIB_OUTCOME_DISAGREED;
        const uint64_t place = place_of(target, store);
        if (place == 0) return DEFIB_OUTCOME_REFUSED;
        if (read_volatile(place, store.size) != store.old_value) return DEFIB_OUTCOME_STALE;
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        DefibStore store;
        if (!take(agreed, i, store)) {
            return made == 0 ? DEFIB_OUTCOME_DISAGREED : DEFIB_OUTCOME_PARTIAL;
        }
        const uint64_t place = place_of(target, store);
        if (place == 0 || read_volatile(place, store.size) != store.old_value) {
            return made == 0 ? DEFIB_OUTCOME_STALE : DEFIB_OUTCOME_PARTIAL;
        }
        const Slice slice = narrow(store);
        if (slice.size != 0) write_volatile(place + slice.offset, slice.value, slice.size);
        order_all();
        made++;
    }
    return DEFIB_OUTCOME_COMMITTED;
}

uint64_t read_back(const DefibTarget& target, const Agreed& agreed, uint32_t made) {
    DefibStore last;
    if (made == 0 || made > DEFIB_PLAN_STORES || !take(agreed, made - 1, last)) return 0;
    const uint64_t place = place_of(target, last);
    return place == 0 ? 0 : read_volatile(place, last.size);
}

uint64_t undo(const DefibTarget& target, const Agreed& agreed, uint32_t made) {
    uint64_t left = 0;
#pragma clang loop unroll(disable)
    for (uint32_t i = made < DEFIB_PLAN_STORES ? made : DEFIB_PLAN_STORES; i > 0; i--) {
        DefibStore back;
        const bool is_agreed = take(agreed, i - 1, back);
        const uint64_t stored = back.new_value;
        back.new_value = back.old_value;
        back.old_value = stored;
        const uint64_t place = is_agreed ? place_of(target, back) : 0;
        if (place == 0 || read_volatile(place, back.size) != back.old_value) {
            left |= uint64_t{1} << (i - 1);
            continue;
        }
        const Slice slice = narrow(back);
        if (slice.size != 0) write_volatile(place + slice.offset, slice.value, slice.size);
        order_all();
    }
    return left;
}

}  // namespace defib::runtime

using namespace defib::runtime;

// Not inlined, as defib_load().
extern "C" [[gnu::noinline]] void defib_store(DefibContext* context, uint64_t address,
                                              uint64_t value, uint32_t size, uint32_t field) {
    if (!spend(*context, DEFIB_FUEL_STORE)) return;
    if (context->stores != DEFIB_STORES_PLANNED) {
        return die(*context, DEFIB_DEATH_STORE_DENIED, address);
    }
    if (!is_width(size)) return die(*context, DEFIB_DEATH_WIDTH, address);
    if (address % size != 0) return die(*context, DEFIB_DEATH_MISALIGNED, address);
    const Place place = translate(*context->target, context->cache, address, size);
    if (place.death != DEFIB_DEATH_NONE) return die(*context, place.death, address);

    value = size == 8 ? value : value & ((uint64_t{1} << (8 * size)) - 1);
    DefibPlan& plan = context->plan;
    const uint32_t count = count_of(plan);
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        DefibStore& store = plan.stores[i];
        // One store has one field: a second one under another would hide behind the first.
        const bool is_same_field = ((store.field ^ field) & ~DEFIB_STORE_WHOLE) == 0;
        if (store.physical == place.physical && store.size == size && is_same_field) {
            store.new_value = value;
            store.field |= field & DEFIB_STORE_WHOLE;
            return;
        }
        if (store.physical < place.physical + size &&
            place.physical < store.physical + store.size) {
            return die(*context, DEFIB_DEATH_PLAN_OVERLAP, address);
        }
    }
    if (count == DEFIB_PLAN_STORES) return die(*context, DEFIB_DEATH_PLAN_FULL, address);
    plan.stores[count] = {address, place.physical, read_any(place.backend, size),
                          value,   size,           field};
    plan.count = count + 1;
    context->near.size = 0;
}
