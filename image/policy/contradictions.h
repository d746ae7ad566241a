// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a policy though each of its parts is right: rules that can never do anything,
// or that say both yes and no.
#ifndef DEFIB_IMAGE_POLICY_CONTRADICTIONS_H
#define DEFIB_IMAGE_POLICY_CONTRADICTIONS_H

#include <string>
#include <vector>

#include "engine/abi/policy.h"

namespace defib::image {

void find_contradictions(const DefibPolicy& policy, std::vector<std::string>& problems);

}  // namespace defib::image

#endif
