// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// x86-64 keeps loads in order with loads and stores with stores; only a store followed by a load
// may pass each other. The fence is there for that case: a store into the target, then reading
// back.
#ifndef DEFIB_ENGINE_RUNTIME_PROCESSOR_X86_64_H
#define DEFIB_ENGINE_RUNTIME_PROCESSOR_X86_64_H

namespace defib::runtime {

// A cache of this processor does that already.
inline constexpr bool READS_COME_IN_LINES = false;

// Of the time stamp counter, which runs at one rate whatever the processor does.
inline uint64_t ticks() {
    return __builtin_ia32_rdtsc();
}

inline void order_all() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// What lies in the engine's own memory, where others may look on.
inline void order_own() {
    order_all();
}

}  // namespace defib::runtime

#endif
