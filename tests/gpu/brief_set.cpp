// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/embedded.h"
#include "tests/gpu/suite.h"

DEFIB_EMBED(defib_brief_manifest, DEFIB_BRIEF_MANIFEST);
DEFIB_EMBED(defib_brief_ptx, DEFIB_BRIEF_PTX);

#define DEFIB_CUBIN(card, file) DEFIB_EMBED(defib_brief_cubin_sm_##card, file);
#include DEFIB_CUBINS_FILE
#undef DEFIB_CUBIN

namespace defib::gpu {

boot::RoutineSet brief_set() {
#define DEFIB_CUBIN(card, file) \
    {(card) / 10,               \
     (card) % 10,               \
     {defib_brief_cubin_sm_##card##_begin, defib_brief_cubin_sm_##card##_end}},
    static const std::vector<boot::cuda::Cubin> cubins = {
#include DEFIB_CUBINS_FILE
    };
#undef DEFIB_CUBIN
    return {{defib_brief_manifest_begin, defib_brief_manifest_end},
            {.text = {defib_brief_ptx_begin, defib_brief_ptx_end}, .cubins = cubins}};
}

}  // namespace defib::gpu
