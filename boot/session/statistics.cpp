// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/statistics.h"

#include <algorithm>

#include "engine/runtime/statistics.h"

namespace defib::boot {
namespace {

constexpr const char* LOOP[DEFIB_TIMES_COUNT] = {"a turn with something to do",
                                                 "from turn to turn",
                                                 "plan and commit of one object",
                                                 "finding to committed step",
                                                 "a command",
                                                 "of a repair: choice of the victim",
                                                 "of a repair: proof of the kernel",
                                                 "of a link: whom it is for",
                                                 "of a link: two replicas",
                                                 "of a link: the first one's own time",
                                                 "of a link: comparison",
                                                 "of a link: old values and stores",
                                                 "of a link: reading back",
                                                 "of a link: the journal"};

Figure figure_of(std::string what, const DefibTimesRecord& record, double us) {
    Figure figure;
    const DefibTimes& times = record.times;
    figure.what = std::move(what);
    figure.count = times.count;
    if (times.count == 0) return figure;
    const auto count = static_cast<double>(times.count);
    figure.mean_us = static_cast<double>(times.total) * us / count;
    figure.median_us = percentile(times, 0.5) * us;
    figure.p99_us = percentile(times, 0.99) * us;
    figure.most_us = static_cast<double>(times.most) * us;
    figure.reads = static_cast<double>(record.reads) / count;
    return figure;
}

nlohmann::ordered_json json_of(const Figure& figure) {
    return {{"what", figure.what},           {"count", figure.count},   {"mean_us", figure.mean_us},
            {"median_us", figure.median_us}, {"p99_us", figure.p99_us}, {"most_us", figure.most_us},
            {"reads", figure.reads}};
}

}  // namespace

double percentile(const DefibTimes& times, double share) {
    const double wanted = share * static_cast<double>(times.count);
    double seen = 0;
    for (uint32_t i = 0; i < DEFIB_TIME_BUCKETS; i++) {
        seen += times.buckets[i];
        if (seen < wanted || seen == 0) continue;
        // The middle of the bucket, but never more than there was.
        const auto low = static_cast<double>(runtime::least_of_bucket(i));
        const auto high = static_cast<double>(runtime::least_of_bucket(i + 1));
        return std::min((low + high) / 2, static_cast<double>(times.most));
    }
    return static_cast<double>(times.most);
}

Result<EngineFigures> figures_of(Session& session) {
    const auto seen = session.statistics();
    if (!seen) return std::unexpected(seen.error());
    const double us = session.engine().ns_a_tick() / 1000;
    EngineFigures figures;
    for (const SeenRecord& record : seen->records) {
        if (const auto loop = record.as<DefibLoopRecord>(DEFIB_RECORD_LOOP)) {
            figures.seconds = static_cast<double>(loop->now - loop->started) * us / 1e6;
            figures.turns = loop->turns;
            figures.heads_us = static_cast<double>(loop->heads) * us;
            figures.items_us = static_cast<double>(loop->items) * us;
            figures.adding_us = static_cast<double>(loop->adding) * us;
            figures.delivered_us = static_cast<double>(loop->delivered) * us;
        }
        const auto times = record.as<DefibTimesRecord>(DEFIB_RECORD_TIMES);
        if (!times) continue;
        if (times->of < DEFIB_TIMES_COUNT) {
            figures.loop.push_back(figure_of(LOOP[times->of], *times, us));
            continue;
        }
        const auto& routines = session.manifest().routines;
        const std::string name =
            times->routine < routines.size() ? routines[times->routine].name : "?";
        figures.detectors.push_back(figure_of(name, *times, us));
    }
    return figures;
}

nlohmann::ordered_json json_of(const EngineFigures& figures) {
    nlohmann::ordered_json json = {{"seconds", figures.seconds}, {"turns", figures.turns}};
    json["loop"] = nlohmann::ordered_json::array();
    for (const Figure& figure : figures.loop) json["loop"].push_back(json_of(figure));
    json["detectors"] = nlohmann::ordered_json::array();
    for (const Figure& figure : figures.detectors) json["detectors"].push_back(json_of(figure));
    return json;
}

}  // namespace defib::boot
