// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What others are told of what the engine found and did, while its journal goes to disk: the
// system's journal, who scrapes metrics, and the operator's program. After the seal nothing here
// allocates.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

#include "boot/appliance/appliance.h"
#include "boot/metrics/count.h"

namespace defib::boot {
namespace {

constexpr double NS_A_MS = 1e6;

}  // namespace

Result<void> Appliance::open_told(std::string& said) {
    auto post = options_.metrics.empty() ? metrics::Post::unserved()
                                         : metrics::Post::start(options_.metrics);
    if (!post) return std::unexpected(post.error());
    post_ = std::move(*post);
    if (!options_.metrics.empty()) {
        said = fmt::format("metrics at {}, port {}", options_.metrics, post_->port());
    }
    if (options_.program.empty()) return {};
    auto teller = Teller::start(options_.program, post_->vitals());
    if (!teller) return std::unexpected(teller.error());
    teller_ = std::move(*teller);
    said += fmt::format("{}{} is run for each finding", said.empty() ? "" : "; ", options_.program);
    return {};
}

// The last that allocates: what the engine's entries are told to, and the names in the numbers.
void Appliance::introduce_told() {
    seen_ = [this](const DefibJournalEntry& entry, uint64_t lost) { tell(entry, lost); };
    if (!post_) return;
    const std::string& release = kernel_.info.release();
    metrics::Vitals& vitals = post_->vitals();
    metrics::set_name(vitals.target, options_.target);
    metrics::set_name(vitals.kernel, release);
    metrics::set_name(vitals.backend, gpu_ ? "cuda" : "cpu");
    for (size_t i = 0; i < std::min(manifest_.routines.size(), vitals.routines.size()); i++) {
        metrics::set_name(vitals.routines[i].name, manifest_.routines[i].name);
    }
    if (teller_) teller_->introduce(options_.target, release);
}

void Appliance::tell_of(Event event, const DefibJournalEntry& entry, const char* text) const {
    const FaultWords fault = words_of_fault(entry.subject);
    char line[512];
    std::snprintf(line, sizeof line, "#%lu %s: %s", entry.case_number, fault.word, text);
    log_->say(event, line, fault.word);
}

void Appliance::tell(const DefibJournalEntry& entry, uint64_t lost) {
    const char* rule = "";
    char text[128];
    switch (entry.kind) {
        case DEFIB_JOURNAL_OPENED:
            if (policy_ && entry.values[0] < policy_->rule_count) {
                rule = policy_->rules[entry.values[0]].name;
            }
            tell_of(Event::found, entry, words_of_fault(entry.subject).text);
            break;
        case DEFIB_JOURNAL_OBSERVED:
            std::snprintf(text, sizeof text,
                          "#%lu: the repair has its effect, %.1f ms after the finding",
                          entry.case_number, static_cast<double>(entry.values[1]) / NS_A_MS);
            log_->say(Event::repaired, text);
            break;
        case DEFIB_JOURNAL_CLOSED:
            std::snprintf(text, sizeof text, "over%s, %.1f ms after the finding",
                          entry.values[2] == 0 ? " by itself" : "",
                          static_cast<double>(entry.values[0]) / NS_A_MS);
            tell_of(Event::over, entry, text);
            break;
        case DEFIB_JOURNAL_EXHAUSTED:
            tell_of(Event::exhausted, entry, "it goes on, and no step of the policy is left");
            break;
        default:
            break;
    }
    if (post_) metrics::count(post_->vitals(), entry, lost);
    if (!teller_) return;
    announcer_.take(entry, wall_ns(), rule,
                    [this](const Notice& notice) { teller_->tell(notice); });
}

// Ten times a second.
void Appliance::look_at_told(uint64_t heartbeat) {
    if (!post_) return;
    metrics::Vitals& vitals = post_->vitals();
    metrics::look_at_heart(vitals, heartbeat, now_ns());
    for (size_t i = 0; relay_ && i < vitals.remote.size(); i++) {
        vitals.remote[i] = relay_->answered(i);
    }
    if (gpu_) return;  // its figures are on the card
    uint64_t reads = 0;
    for (const uint64_t of_detector : state_->engine().statistics.reads) reads += of_detector;
    vitals.reads = reads;
    vitals.has_reads = 1;
}

}  // namespace defib::boot
