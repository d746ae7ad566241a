// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a running engine says of itself (engine/abi/statistics.h), in microseconds.
#ifndef DEFIB_BOOT_SESSION_STATISTICS_H
#define DEFIB_BOOT_SESSION_STATISTICS_H

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/abi/statistics.h"

namespace defib::boot {

struct Figure {
    std::string what;
    uint64_t count = 0;
    double mean_us = 0;
    double median_us = 0;
    double p99_us = 0;
    double most_us = 0;
    double reads = 0;  // of the target's memory, each time; of a detector
};

struct EngineFigures {
    double seconds = 0;
    uint64_t turns = 0;
    std::vector<Figure> loop;       // by enum DefibTimesOf
    std::vector<Figure> detectors;  // in the policy's order
    // Of the last view.
    double heads_us = 0;
    double items_us = 0;
    double adding_us = 0;
    double delivered_us = 0;
};

Result<EngineFigures> figures_of(Session& session);

// The least time that `share` of all took no more than, from the buckets; right to a fifth.
double percentile(const DefibTimes& times, double share);

nlohmann::ordered_json json_of(const EngineFigures& figures);

}  // namespace defib::boot

#endif
