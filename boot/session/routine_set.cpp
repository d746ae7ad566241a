// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/session.h"
#include "engine/base/embedded.h"

DEFIB_EMBED(defib_manifest, DEFIB_MANIFEST);
DEFIB_EMBED(defib_ptx, DEFIB_PTX);
DEFIB_EMBED(defib_older_ptx, DEFIB_OLDER_PTX);

// Machine code, where it was made with the set: the file has a line for each,
// DEFIB_CUBIN(generation, "file").
#define DEFIB_CUBIN(card, file) DEFIB_EMBED(defib_cubin_sm_##card, file);
#include DEFIB_CUBINS_FILE
#undef DEFIB_CUBIN

namespace defib::boot {

RoutineSet routine_set() {
#define DEFIB_CUBIN(card, file) \
    {(card) / 10, (card) % 10, {defib_cubin_sm_##card##_begin, defib_cubin_sm_##card##_end}},
    static const std::vector<cuda::Cubin> cubins = {
#include DEFIB_CUBINS_FILE
    };
#undef DEFIB_CUBIN
    return {{defib_manifest_begin, defib_manifest_end},
            {.text = {defib_ptx_begin, defib_ptx_end},
             .cubins = cubins,
             .older_text = {defib_older_ptx_begin, defib_older_ptx_end}}};
}

}  // namespace defib::boot
