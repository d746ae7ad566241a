// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the machine can do at most: the figures that the engine's are held against. Each is the
// plainest program for its question, and runs alone.
#include "tests/gpu/limits_abi.h"

namespace {

uint32_t thread_of_block() {
    return static_cast<uint32_t>(__nvvm_read_ptx_sreg_tid_x());
}

uint32_t thread_of_all() {
    return static_cast<uint32_t>(__nvvm_read_ptx_sreg_ctaid_x()) *
               static_cast<uint32_t>(__nvvm_read_ptx_sreg_ntid_x()) +
           thread_of_block();
}

uint64_t read(uint64_t address) {
    return *reinterpret_cast<const volatile uint64_t*>(address);
}

// 16 bytes in one access.
uint64_t read_wide(uint64_t address) {
    uint64_t low = 0;
    uint64_t high = 0;
    asm volatile("ld.volatile.v2.u64 {%0, %1}, [%2];" : "=l"(low), "=l"(high) : "l"(address));
    return low ^ high;
}

uint64_t scatter(uint64_t number) {
    number = (number ^ number >> 31) * 0x9e3779b97f4a7c15;
    number = (number ^ number >> 29) * 0xbf58476d1ce4e5b9;
    return number ^ number >> 32;
}

uint64_t place_of(const LimitsMemory& memory, uint64_t address) {
    for (uint32_t i = 0; i < memory.count; i++) {
        const LimitsSpan& span = memory.spans[i];
        if (address - span.first < span.size) return span.backend + (address - span.first);
    }
    return 0;
}

}  // namespace

// Chunks at random places, each read by neighbouring lanes at once.
extern "C" __attribute__((nvptx_kernel)) void limits_chunks(uint64_t base, uint64_t size,
                                                            uint32_t bytes, uint32_t rounds,
                                                            uint64_t* sink) {
    const uint32_t words = bytes / 16;
    const uint32_t lanes = words < 32 ? words : 32;
    const uint32_t lane = thread_of_all() % lanes;
    const uint32_t group = thread_of_all() / lanes;
    uint64_t sum = 0;
#pragma clang loop unroll_count(4)
    for (uint32_t round = 0; round < rounds; round++) {
        const uint64_t random = scatter(uint64_t{group} << 32 | round);
        const uint64_t chunk = base + random % ((size - bytes) / 64) * 64;
        for (uint32_t word = lane; word < words; word += lanes) sum += read_wide(chunk + word * 16);
    }
    if (sum == 1) *sink = sum;
}

// One thread along a list of the kernel: the next one's address, and one field of it.
extern "C" __attribute__((nvptx_kernel)) void limits_walk(const LimitsMemory* memory,
                                                          uint64_t first, uint64_t field_offset,
                                                          uint32_t most, LimitsWalk* result) {
    uint64_t at = first;
    uint64_t sum = 0;
    uint32_t count = 0;
    while (count < most) {
        const uint64_t place = place_of(*memory, at);
        if (place == 0) break;
        count++;
        sum += *reinterpret_cast<const volatile uint32_t*>(place + field_offset);
        at = read(place);
        if (at == first) break;
    }
    result->count = count;
    result->sum = sum;
}

// A word that comes back as soon as it is seen.
extern "C" __attribute__((nvptx_kernel)) void limits_echo(uint64_t* words) {
    uint64_t seen = 0;
    while (seen != ~uint64_t{0}) {
        const uint64_t now = read(reinterpret_cast<uint64_t>(words));
        if (now == seen) continue;
        seen = now;
        *const_cast<volatile uint64_t*>(words + 16) = seen;
    }
}

namespace {

uint64_t nanoseconds() {
    uint64_t now = 0;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    return now;
}

template <class Step>
void time_steps(LimitsPace* pace, uint64_t& value, Step step) {
    const uint64_t begun = nanoseconds();
    const uint64_t first = static_cast<uint64_t>(__nvvm_read_ptx_sreg_clock64());
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < LIMITS_STEPS; i++) value = step(value);
    pace->cycles = static_cast<uint64_t>(__nvvm_read_ptx_sreg_clock64()) - first;
    pace->ns = nanoseconds() - begun;
}

}  // namespace

// What one thread pays for each of a few things, one after the other, each waiting for the last.
// `card` and `host` are pages of zeros.
extern "C" __attribute__((nvptx_kernel)) void limits_paces(uint64_t card, uint64_t host,
                                                           LimitsPace* paces) {
    uint64_t value = 0;
    auto* mine = reinterpret_cast<uint64_t*>(card);
    time_steps(&paces[LIMITS_ADD], value, [](uint64_t from) {
        asm volatile("mad.lo.u64 %0, %0, %0, %0;" : "+l"(from));
        return from;
    });
    time_steps(&paces[LIMITS_LOAD], value, [mine](uint64_t from) {
        asm volatile("ld.u64 %0, [%1];" : "=l"(from) : "l"(mine + from) : "memory");
        return from;
    });
    time_steps(&paces[LIMITS_STORE_LOAD], value, [mine](uint64_t from) {
        asm volatile("st.u64 [%1], %0;" : : "l"(from), "l"(mine + from) : "memory");
        asm volatile("ld.u64 %0, [%1];" : "=l"(from) : "l"(mine + from) : "memory");
        return from;
    });
    time_steps(&paces[LIMITS_LOAD_VOLATILE], value, [mine](uint64_t from) {
        asm volatile("ld.volatile.u64 %0, [%1];" : "=l"(from) : "l"(mine + from) : "memory");
        return from;
    });
    time_steps(&paces[LIMITS_LOCAL], value, [](uint64_t from) {
        volatile uint64_t stack[4] = {};
        stack[from & 3] = from;
        return stack[(from + 1) & 3];
    });
    time_steps(&paces[LIMITS_FENCE_CARD], value, [](uint64_t from) {
        __nvvm_membar_gl();
        return from;
    });
    time_steps(&paces[LIMITS_TIME], value, [](uint64_t from) { return from + nanoseconds(); });
    mine[16] = value;
    value = 0;
    time_steps(&paces[LIMITS_LOAD_HOST], value,
               [host](uint64_t from) { return read(host + from * 8); });
    time_steps(&paces[LIMITS_FENCE_HOST], value, [host](uint64_t from) {
        *reinterpret_cast<volatile uint64_t*>(host + 64) = from;
        __nvvm_membar_sys();
        return from;
    });
    mine[8] = value;
}
