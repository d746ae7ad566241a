// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/stages.h"

#include <fmt/format.h>

namespace defib::boot {

void Stages::done(const char* name, uint64_t took_ns, const std::string& said) const {
    log_->say(Event::stage_done, fmt::format("{}: {:.1f} ms{}{}", name, double(took_ns) / 1e6,
                                             said.empty() ? "" : ": ", said));
}

void Stages::failed(const char* name, const Error& error) const {
    log_->say(Event::stage_failed, fmt::format("{} failed: {}", name, to_line(error)));
}

}  // namespace defib::boot
