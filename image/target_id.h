// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which machines an image is for, and which machine this is.
#ifndef DEFIB_IMAGE_TARGET_ID_H
#define DEFIB_IMAGE_TARGET_ID_H

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace defib::image {

// Points into the text it was read from.
struct TargetPattern {
    std::string_view vendor;
    std::string_view model;
    std::string_view board;
};

// "vendor/model/board"; gives false for anything else.
[[nodiscard]] bool read_target(std::string_view text, TargetPattern& out);

// One machine; no part of it is "*".
struct TargetId {
    std::string vendor;
    std::string model;
    std::string board;
};

bool matches(const TargetPattern& pattern, const TargetId& machine);
std::string to_text(const TargetId& machine);
Result<TargetId> read_target_id(std::string_view text);

// From the firmware's tables (DMI) as the kernel shows them under /sys/class/dmi/id.
// `root` is "/" but in tests.
Result<TargetId> read_machine_target(const std::filesystem::path& root = "/");

}  // namespace defib::image

#endif
