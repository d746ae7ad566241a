// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/stages.h"

#include <fmt/format.h>

namespace defib::boot {

void Stages::done(const Stage& stage, uint64_t took_ns, const std::string& said) const {
    log_->say(Event::stage_done, fmt::format("{}: {:.1f} ms{}{}", stage.name, double(took_ns) / 1e6,
                                             said.empty() ? "" : ": ", said));
}

void Stages::failed(const Stage& stage, Error error) const {
    if (error.advice.empty()) error.advice = stage.remedy;
    log_->say(Event::stage_failed, fmt::format("{} failed: {}", stage.name, to_line(error)));
}

}  // namespace defib::boot
