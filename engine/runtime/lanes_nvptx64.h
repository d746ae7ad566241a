// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The lanes of a warp. Lane 0 runs the routine, as the twin's thread does; the others wait, and
// when lane 0 wants many words at once they read their share of them. While they wait they cost
// nothing.
//
// Lane 0 and the others meet at barriers that stand at different places of the program: that is
// allowed from compute capability 7.0 on (bar.warp.sync in the PTX manual). The text for older
// cards is compiled with DEFIB_ONE_LANE: there the others end at once, and lane 0 reads everything
// by itself, word after word, with as many reads under way as it has registers for.
#ifndef DEFIB_ENGINE_RUNTIME_LANES_NVPTX64_H
#define DEFIB_ENGINE_RUNTIME_LANES_NVPTX64_H

#include "engine/abi/team.h"

namespace defib::runtime {

#ifdef DEFIB_ONE_LANE
inline constexpr uint32_t LANES_AT_WORK = 1;
#else
inline constexpr uint32_t LANES_AT_WORK = DEFIB_LANES;
#endif

inline uint32_t lane_of_warp() {
    return static_cast<uint32_t>(__nvvm_read_ptx_sreg_tid_x()) % DEFIB_LANES;
}

// Lanes 1 to 31: carries out what lane 0 orders, until it dismisses them.
void serve(DefibOrder& order);

// Lane 0: has all lanes do it, and returns when it is done.
void carry_out(DefibOrder& order, DefibOrderKind kind, uint64_t from, uint64_t to, uint32_t words);

// Lane 0: the others return from serve().
void dismiss(DefibOrder& order);

}  // namespace defib::runtime

#endif
