// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the processor's own checks (machine checks) told the kernel.
//
// machine_check_poll() reads each CPU's banks, on their interrupt or by a timer, and mce_log() puts
// what it finds into a small pool, from where a worker hands it to whoever decodes it and frees its
// place (mce_gen_pool_process() in arch/x86/kernel/cpu/mce/genpool.c). A freed place keeps its
// bytes, and the lowest free one is taken first: so the first places always hold the newest
// records, and one that differs from the last look is an error that came meanwhile. No counter of
// the kernel tells as much: mce_poll_count counts looks, and the old device of all records
// (CONFIG_X86_MCELOG_LEGACY) is not built any more.
#ifndef DEFIB_ENGINE_KERNEL_MACHINE_CHECKS_H
#define DEFIB_ENGINE_KERNEL_MACHINE_CHECKS_H

#include "engine/kernel/lists.h"
#include "engine/kernel/per_cpu.h"

kernel_struct gen_pool_chunk {
    list_head next_chunk;
    u64 start_addr;
    u64 end_addr;  // of its last byte
    u64 bits[0];   // one for each unit that is taken
};
kernel_struct gen_pool {
    list_head chunks HOLDS(gen_pool_chunk.next_chunk);
    s32 min_alloc_order;
};
kernel_struct mce {
    u64 status;  // of its bank, MCi_STATUS
    u64 misc;
    u64 addr;
    u64 tsc;   // 0 of a timer's
    u64 time;  // seconds
    u8 cpuvendor;
    u8 bank;
    u32 extcpu;  // the CPU that told it
};
// To 6.12; in 6.13 (750fd23926f1) its record lies in a structure of another name.
kernel_struct mce_evt_llist {
    struct mce mce;
};

struct CheckPool {
    u64 start;
    u64 stride;
    u64 count;  // 0: this machine has none
    u64 unit;
    u64 taken;  // where the chunk's bits lie
};
struct CheckRecord {
    u64 digest;  // of all that tells it from another
    u64 status;
    u32 cpu;
    u32 bank;
    u32 vendor;
};

// Not in a kernel without CONFIG_X86_MCE.
inline bool has_check_pool() {
    return symbol_exists(mce_evt_pool) && type_exists(mce_evt_llist) && exists(mce_evt_llist, mce);
}

// gen_pool_alloc() gives whole units of the pool's order.
inline CheckPool check_pool() {
    const auto pool = *symbol(kp<gen_pool>, mce_evt_pool);
    if (pool == nullptr) return {0, 0, 0, 1, 0};
    const u64 unit = u64{1} << (static_cast<u32>(pool->min_alloc_order) & 31);
    const u64 stride = (size_of_type(mce_evt_llist) + unit - 1) & ~(unit - 1);
    for (const auto chunk : list_of(gen_pool_chunk, next_chunk, &pool->chunks)) {
        const u64 start = chunk->start_addr;
        return {start, stride, (chunk->end_addr + 1 - start) / stride, unit,
                address_of(chunk) + offset_of(gen_pool_chunk, bits)};
    }
    return {0, 0, 0, 1, 0};
}

// Somebody may be writing it, and stand still in the midst of that for as long as a virtual CPU
// gets no time. What has been handed on is whole.
inline bool is_taken(CheckPool pool, u64 place) {
    const u64 bit = place * pool.stride / pool.unit;
    return (*pointer_from<const u64>(pool.taken + bit / 64 * 8) >> (bit & 63) & 1) != 0;
}

inline u64 mixed(u64 digest, u64 word) {
    digest = (digest ^ word) * 0x9e3779b97f4a7c15;
    return digest ^ digest >> 29;
}
inline CheckRecord check_record(CheckPool pool, u64 place) {
    const auto event = pointer_from<mce_evt_llist>(pool.start + place * pool.stride);
    CheckRecord record = {0, event->mce.status, event->mce.extcpu, event->mce.bank,
                          event->mce.cpuvendor};
    record.digest = mixed(mixed(record.status, record.cpu), record.bank);
    record.digest = mixed(mixed(record.digest, event->mce.tsc), event->mce.time);
    record.digest = mixed(mixed(record.digest, event->mce.addr), event->mce.misc);
    return record;
}

inline u32 error_code_of(u64 status) {
    constexpr u64 FILTERED = 1 << 12;  // "fewer such are told from now on"
    return static_cast<u32>(status & 0xffff & ~FILTERED);
}

// Whether hardware has corrected it. Of AMD's one that was only put off (bit 44) or is poisoned
// data (43) has not been.
inline bool is_corrected(const CheckRecord& record) {
    constexpr u64 VALID = u64{1} << 63;
    constexpr u64 UNCORRECTED = u64{1} << 61;
    constexpr u64 PUT_OFF = u64{3} << 43;
    constexpr u32 AMD = 2;  // X86_VENDOR_AMD
    constexpr u32 HYGON = 9;
    if ((record.status & VALID) == 0 || (record.status & UNCORRECTED) != 0) return false;
    const bool tells_more = record.vendor == AMD || record.vendor == HYGON;
    return !tells_more || (record.status & PUT_OFF) == 0;
}

// Whether the error is the core's own, by its code: a TLB's, a cache's of the first levels, one of
// the core's inside (the compound codes of Intel's and AMD's manuals). What memory, a bus or a
// cache of several cores reports is told by whichever CPU found it, and speaks of none.
inline bool is_of_the_core(u64 status) {
    constexpr u32 MICROCODE_PARITY = 2;
    constexpr u32 INTERNAL_PARITY = 5;
    constexpr u32 GENERIC = 2;
    constexpr u32 ANY_LEVEL = 3;
    const u32 code = error_code_of(status);
    if (code == MICROCODE_PARITY || code == INTERNAL_PARITY) return true;
    const u32 level = code & 3;
    const u32 kind = code >> 2 & 3;  // instructions, data, generic
    if (level == ANY_LEVEL) return false;
    if (code >> 4 == 1 || code >> 2 == 3) return true;
    // Intel's cache of all cores calls itself a generic one of the second level.
    return code >> 8 == 1 && !(level == 2 && kind == GENERIC);
}

// A core is called by the lowest number of its threads'.
inline u32 core_of(u32 cpu) {
    const u64 word = *per_cpu(u64, cpu_sibling_map, cpu);
    // A pointer to the mask where masks are long (CONFIG_CPUMASK_OFFSTACK), else the mask itself.
    // No core has so many threads that both look alike.
    const bool is_pointer = word >> 48 == 0xffff;
    const auto mask = pointer_from<cpumask>(word);
    for (u32 at = 0; at <= cpu / 64; ++at) {
        const u64 bits = is_pointer ? mask->bits[at] : word;
        if (bits != 0) return at * 64 + static_cast<u32>(__builtin_ctzll(bits));
    }
    return cpu;
}

#endif
