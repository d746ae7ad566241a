// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// LLVM 19 cannot select atomic fences for nvptx and drops the scope of scoped atomics, so ordering
// is the membar intrinsic, which is what fence.acq_rel.sys is on processors that have that.
// Volatile accesses become ld.volatile and st.volatile: relaxed at system scope from sm_70 on,
// uncached before.
#ifndef DEFIB_ENGINE_RUNTIME_PROCESSOR_NVPTX64_H
#define DEFIB_ENGINE_RUNTIME_PROCESSOR_NVPTX64_H

namespace defib::runtime {

inline constexpr bool READS_COME_IN_LINES = true;

// Nanoseconds; the same on all multiprocessors.
inline uint64_t ticks() {
    uint64_t now = 0;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    return now;
}

// Among the warps of this GPU only.
inline void order_device() {
    __nvvm_membar_gl();
}

inline void order_all() {
    __nvvm_membar_sys();
}

// For about so long. Cards before sm_70 have no instruction for it, and spin.
inline void rest(uint32_t ns) {
#ifdef DEFIB_ONE_LANE
    const uint64_t begun = ticks();
#pragma clang loop unroll(disable)
    while (ticks() - begun < ns) {
    }
#else
    __nvvm_nanosleep(ns);
#endif
}

// Nobody looks into the card's memory while the loop runs, and a thread sees its own stores in
// order.
inline void order_own() {}

}  // namespace defib::runtime

#endif
