// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/default_policy.h"

#include "engine/base/embedded.h"

DEFIB_EMBED(defib_default_policy, DEFIB_DEFAULT_POLICY);

namespace defib::image {

std::string_view default_policy() {
    return {defib_default_policy_begin, defib_default_policy_end};
}

}  // namespace defib::image
