// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_DEMO_REPORT_H
#define DEFIB_TESTS_DEMO_REPORT_H

#include <string>

#include "tests/demo/episode.h"

namespace defib::demo {

// One page that needs nothing but itself: no script, no font, no image from elsewhere.
std::string report_of(const Story& story);

}  // namespace defib::demo

#endif
