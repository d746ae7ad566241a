// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether a policy table is well-formed. Whoever reads one, from an image, a file or a mailbox,
// asks this first; the responder believes nothing of a table that does not pass.
#ifndef DEFIB_ENGINE_RUNTIME_POLICY_H
#define DEFIB_ENGINE_RUNTIME_POLICY_H

#include "engine/abi/policy.h"

namespace defib::runtime {

bool check_policy(const DefibPolicy& policy);

}  // namespace defib::runtime

#endif
