// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_IMAGE_POLICY_DEFAULT_POLICY_H
#define DEFIB_IMAGE_POLICY_DEFAULT_POLICY_H

#include <string_view>

namespace defib::image {

// The policy that defib comes with: default.json.
std::string_view default_policy();

}  // namespace defib::image

#endif
