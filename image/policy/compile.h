// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy compiler: from the operator's JSON to the engine's table.
//
// It is strict, because a policy that is read otherwise than it was meant kills the wrong process:
// every key, detector, routine, argument and fault must be known, every number must fit, nothing
// may stand twice, and what can never do anything, or contradicts itself, is refused. All that is
// wrong is told at once, a line for each.
#ifndef DEFIB_IMAGE_POLICY_COMPILE_H
#define DEFIB_IMAGE_POLICY_COMPILE_H

#include <string>
#include <string_view>
#include <vector>

#include "engine/abi/policy.h"
#include "engine/base/result.h"
#include "image/policy/vocabulary.h"

namespace defib::image {

struct CompiledPolicy {
    DefibPolicy table{};
    std::vector<std::string> problems;  // not empty: the table is not to be used
    // Rules that this kernel cannot serve: left out, or turned into ones that observe.
    std::vector<std::string> notes;
};

// Fails where the text is no JSON at all.
Result<CompiledPolicy> compile_policy(std::string_view json, std::string_view object,
                                      const Vocabulary& vocabulary);

// The same, where any problem is a failure: its first line, and how many more there are.
Result<CompiledPolicy> compile_whole_policy(std::string_view json, std::string_view object,
                                            const Vocabulary& vocabulary);

}  // namespace defib::image

#endif
