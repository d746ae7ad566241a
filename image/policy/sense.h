// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a rule for what its detector and its routines are: a victim of a finding that
// names nobody, TERM for who was killed, a lock given back that somebody holds.
#ifndef DEFIB_IMAGE_POLICY_SENSE_H
#define DEFIB_IMAGE_POLICY_SENSE_H

#include <string>
#include <vector>

#include "engine/abi/policy.h"
#include "image/policy/vocabulary.h"

namespace defib::image {

void find_nonsense(const DefibPolicy& policy, const Vocabulary& vocabulary,
                   std::vector<std::string>& problems);

}  // namespace defib::image

#endif
