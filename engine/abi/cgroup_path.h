// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A cgroup's path, as the view `cgroup_path` tells it. In the abi because the responder reads it
// too: who is protected is a question of paths.
#ifndef DEFIB_ENGINE_ABI_CGROUP_PATH_H
#define DEFIB_ENGINE_ABI_CGROUP_PATH_H

#include <stdint.h>

#include "engine/abi/record.h"

#define DEFIB_RECORD_CGROUP (DEFIB_RECORD_OWN + 1)

// Innermost name first, each ended by a zero.
struct DefibCgroupRecord {
    uint64_t cgroup;    // address
    uint32_t levels;    // names there are
    uint32_t is_whole;  // 0: the path is longer than what fits
    char names[256];
};

#endif
