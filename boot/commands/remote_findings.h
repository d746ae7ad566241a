// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib remote findings`: what a guard's detectors have found and what was done about it, at once
// as it stands; or once all of them have run anew; or as it was kept there when somebody last
// looked at requests, for which nobody has to be alive.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_FINDINGS_H
#define DEFIB_BOOT_COMMANDS_REMOTE_FINDINGS_H

#include <chrono>

#include "boot/remote/client.h"

namespace defib::boot {

enum class Detection : uint8_t { last, anew, kept };
enum class Shape : uint8_t { lines, json };

Result<int> show_findings(remote::Client& client, const std::string& from,
                          std::chrono::milliseconds within, Detection detection, Shape shape);

}  // namespace defib::boot

#endif
