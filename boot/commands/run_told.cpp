// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/run_told.h"

#include <fmt/format.h>

#include <time.h>

#include <CLI/CLI.hpp>

#include "boot/backend/engine_state.h"
#include "boot/metrics/count.h"

namespace defib::boot {
void declare_told(CLI::App& options, ToldArguments& arguments) {
    options
        .add_option("--metrics", arguments.metrics,
                    "metrics for Prometheus: a port of this machine, or ADDRESS:PORT")
        ->type_name("WHERE");
    options
        .add_option("--exec", arguments.program,
                    "run this for each finding, with the finding as JSON on its input")
        ->type_name("PROGRAM");
}

Result<std::unique_ptr<RunTold>> RunTold::start(const ToldArguments& arguments) {
    std::unique_ptr<RunTold> told(new RunTold);
    auto post = arguments.metrics.empty() ? metrics::Post::unserved()
                                          : metrics::Post::start(arguments.metrics);
    if (!post) return std::unexpected(post.error());
    told->post_ = std::move(*post);
    if (!arguments.metrics.empty()) {
        fmt::print(stderr, "defib: {}: metrics, port {}\n", arguments.metrics, told->post_->port());
    }
    if (arguments.program.empty()) return told;
    auto teller = Teller::start(arguments.program, told->post_->vitals());
    if (!teller) return std::unexpected(teller.error());
    told->teller_ = std::move(*teller);
    return told;
}

void RunTold::introduce(const Session& session, const Guard& guard) {
    metrics::Vitals& vitals = post_->vitals();
    const std::string& release = session.kernel().info.release();
    metrics::set_name(vitals.target, session.target().name());
    metrics::set_name(vitals.kernel, release);
    metrics::set_name(vitals.backend, session.twin() != nullptr ? "cpu" : "cuda");
    const auto& routines = session.manifest().routines;
    for (size_t i = 0; i < std::min(routines.size(), vitals.routines.size()); i++) {
        metrics::set_name(vitals.routines[i].name, routines[i].name);
    }
    names_ = &guard.names();
    if (teller_) teller_->introduce(session.target().name(), release);
}

void RunTold::tell(const DefibJournalEntry& entry, uint64_t lost) {
    metrics::count(post_->vitals(), entry, lost);
    if (!teller_) return;
    const auto rule = names_->find({NameOf::rule, static_cast<uint32_t>(entry.values[0])});
    announcer_.take(entry, wall_ns(), rule == names_->end() ? "" : std::string_view(rule->second),
                    [this](const Notice& notice) { teller_->tell(notice); });
}

void RunTold::look(Session& session, const remote::Service* service) {
    metrics::Vitals& vitals = post_->vitals();
    metrics::look_at_heart(vitals, session.engine().heartbeat().value_or(0), now_ns());
    if (const CpuEngine* twin = session.twin()) {
        uint64_t reads = 0;
        for (const uint64_t of_detector : twin->state().statistics.reads) reads += of_detector;
        vitals.reads = reads;
        vitals.has_reads = 1;
    }
    for (size_t i = 0; service != nullptr && i < vitals.remote.size(); i++) {
        vitals.remote[i] = service->server().answered(static_cast<DefibRemoteStatus>(i));
    }
    if (is_lost_) return;
    if (const auto ended = post_->how_it_ended()) {
        is_lost_ = true;
        fmt::print(stderr, "defib: metrics are not served any more: {}\n", to_line(*ended));
    }
}

}  // namespace defib::boot
