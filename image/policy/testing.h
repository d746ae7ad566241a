// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Words for tests of the policy compiler.
#ifndef DEFIB_IMAGE_POLICY_TESTING_H
#define DEFIB_IMAGE_POLICY_TESTING_H

#include "engine/abi/finding.h"
#include "image/policy/vocabulary.h"

namespace defib::image::testing {

inline Vocabulary vocabulary() {
    Vocabulary words;
    words.detectors = {{"memory",
                        3,
                        5,
                        {{"low_percent", 4, false}, {"hold_ms", 4, false}},
                        {},
                        {{DEFIB_FAULT_MEMORY_LOW, Names::WHO_GROWS},
                         {DEFIB_FAULT_KERNEL_MEMORY, Names::NOBODY},
                         {DEFIB_FAULT_MEMORY_PRESSURE, Names::WHO}}},
                       {"panic", 4, 50, {{"oops_ms", 4, false}}, {}},
                       {"spinlock", 6, 50, {}, {}},
                       {"locks", 5, 50, {}, "this kernel has not: symbol qnodes"}};
    words.routines = {
        {"signal",
         7,
         0,
         {{"task", 8, false}, {"pid", 4, true}, {"start_ns", 8, false}, {"signal", 4, false}},
         {}},
        {"unlock", 8, 0, {{"lock", 8, false}}, {}},
        {"freeze", 9, 0, {{"cgroup", 8, false}}, "this kernel has not: symbol cgroup_freeze"}};
    words.cgroup_view = 2;
    words.manifest_digest = 77;
    return words;
}

}  // namespace defib::image::testing

#endif
