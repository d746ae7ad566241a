// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_METRICS_EXPOSITION_H
#define DEFIB_BOOT_METRICS_EXPOSITION_H

#include <span>
#include <string_view>

#include "boot/metrics/vitals.h"

namespace defib::boot::metrics {

// Of every number that may be there at once; what is larger is refused, never cut.
inline constexpr size_t MOST_EXPOSITION = size_t{160} << 10;

// In Prometheus' text format; empty: it does not fit. Does not allocate.
std::string_view expose(const Vitals& vitals, uint64_t now_ns, std::span<char> into);

}  // namespace defib::boot::metrics

#endif
