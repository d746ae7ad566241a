// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/agent_image.h"

#include <span>

#include "engine/base/embedded.h"

DEFIB_EMBED(defib_lab_agent, DEFIB_AGENT_PROGRAM);

namespace defib::lab {

Bytes agent_image() {
    return std::as_bytes(std::span(defib_lab_agent_begin, defib_lab_agent_end));
}

}  // namespace defib::lab
