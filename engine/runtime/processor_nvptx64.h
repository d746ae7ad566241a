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

// Among the warps of this GPU only.
inline void order_device() {
    __nvvm_membar_gl();
}

inline void order_all() {
    __nvvm_membar_sys();
}

}  // namespace defib::runtime

#endif
