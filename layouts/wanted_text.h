// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_WANTED_TEXT_H
#define DEFIB_LAYOUTS_WANTED_TEXT_H

#include <string_view>

namespace defib::layouts {

// layouts/wanted.json as it was when defib was built (wanted_text.cpp.in).
extern const std::string_view WANTED_TEXT;

}  // namespace defib::layouts

#endif
