// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The smaller calls of compiled code: fuel, bindings, records, a detector's memory, giving up.
#include "engine/abi/calls.h"

#include "engine/runtime/gather.h"
#include "engine/runtime/life.h"
#include "engine/runtime/processor.h"

using namespace defib::runtime;

extern "C" bool defib_charge(DefibContext* context, uint32_t units) {
    return spend(*context, units);
}

// What is read of it by a routine that has just died is no matter.
extern "C" const uint64_t* defib_bindings(DefibContext* context, uint32_t slots) {
    const DefibBinding& binding = context->target->binding;
    if (slots > binding.count) die(*context, DEFIB_DEATH_SLOT, 0);
    return binding.values;
}

extern "C" void defib_die(DefibContext* context, uint32_t reason) {
    // 0 would mean alive.
    die(*context, reason == DEFIB_DEATH_NONE ? uint32_t{DEFIB_DEATH_OWN} : reason, 0);
}

namespace {

void zero(uint64_t* words, uint32_t size) {
#pragma clang loop unroll(disable) vectorize(disable)
    for (uint32_t word = 0; word < (size + 7) / 8; word++) words[word] = 0;
}

// Where a record goes that nobody gets. As empty as any: what is read back from it must not depend
// on what was dropped before.
void* empty_sink(DefibContext& context, uint32_t size) {
    zero(context.sink, size < sizeof context.sink ? size : uint32_t{sizeof context.sink});
    return context.sink;
}

}  // namespace

// The payload starts as zeros: two executions must not differ in bytes that the routine leaves out.
extern "C" [[gnu::noinline]] void* defib_emit(DefibContext* context, uint32_t kind, uint32_t size) {
    if (size > DEFIB_RECORD_SIZE_MAX) {
        die(*context, DEFIB_DEATH_RECORD, 0);
        return empty_sink(*context, size);
    }
    if (!spend(*context, DEFIB_FUEL_RECORD)) return empty_sink(*context, size);
    DefibRecords& records = context->records;
    const uint32_t padded = (size + 7) & ~7U;
    const auto needed = static_cast<uint32_t>(sizeof(DefibRecordHeader)) + padded;
    if (records.used > records.capacity || needed > records.capacity - records.used) {
        records.lost++;
        return empty_sink(*context, size);
    }
    auto* header = pointer_to<DefibRecordHeader>(records.bytes + records.used);
    header->kind = kind;
    header->size = size;
    auto* payload = reinterpret_cast<uint64_t*>(header + 1);
    zero(payload, padded);
    records.used += needed;
    records.count++;
    return payload;
}

// A run works on a copy, which detect() puts back where the run ended alive: a detector that died
// half way has not seen half a window.
extern "C" void* defib_memory(DefibContext* context, uint32_t size) {
    if (context->kept == 0 || size > DEFIB_MEMORY_SIZE) die(*context, DEFIB_DEATH_MEMORY, 0);
    if (!spend(*context, DEFIB_FUEL_RECORD)) return empty_sink(*context, size);
    if (context->memory_used < size) {
        const uint32_t have = context->memory_used / 8;
        gather(*context, context->memory + have, context->kept + uint64_t{have} * 8,
               (size + 7) / 8 - have);
        context->memory_used = (size + 7) / 8 * 8;
    }
    return context->memory;
}

extern "C" uint64_t defib_now(DefibContext* context) {
    return context->now_ns;
}

extern "C" uint64_t defib_hook(DefibContext* context) {
    return context->target->hook;
}
