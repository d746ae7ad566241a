// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/shown.h"

#include <fmt/format.h>

#include <cstdio>

#include "boot/session/repair.h"

namespace defib::boot {

nlohmann::ordered_json json_of(const Session& session) {
    return {{"target", printable(session.target().name())},
            {"kernel", printable(session.kernel().info.release())}};
}

std::string doubts_of(const DefibAnswer& answer) {
    std::string text;
    const auto add = [&](std::string what) { text += (text.empty() ? "" : ", ") + what; };
    const std::string why =
        fmt::format("{} at {:#x}", death_name(answer.death), answer.death_address);
    if (answer.torn != 0) add(fmt::format("{} could not be read ({})", answer.torn, why));
    if (answer.incomplete != 0) add(fmt::format("the list is incomplete ({})", why));
    if (answer.records.lost != 0) add(fmt::format("{} did not fit", answer.records.lost));
    return text;
}

void print_json(const nlohmann::ordered_json& json) {
    const std::string text = json.dump(1) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);  // the frame reports what does not arrive
}

std::string death_name(uint32_t death) {
    return death == DEFIB_DEATH_NONE ? "no room" : reason_text(death);
}

}  // namespace defib::boot
