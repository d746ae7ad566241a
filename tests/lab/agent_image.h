// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_AGENT_IMAGE_H
#define DEFIB_TESTS_LAB_AGENT_IMAGE_H

#include "engine/base/file.h"

namespace defib::lab {

// The agent's static program, carried inside the library: whoever links the lab needs no file
// beside it.
Bytes agent_image();

}  // namespace defib::lab

#endif
