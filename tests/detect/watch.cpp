// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/detect/watch.h"

#include <fmt/format.h>
#include <time.h>

#include <nlohmann/json.hpp>

#include "boot/backend/cpu_engine.h"
#include "engine/routines/views/log_records.h"
#include "engine/runtime/detect.h"
#include "engine/runtime/processor.h"
#include "layouts/extract.h"

namespace defib::detect {
namespace {

// Detectors are run by hand here, which only the twin allows.
DefibEngine& twin_of(boot::Session& session) {
    return dynamic_cast<boot::CpuEngine&>(session.engine()).state();
}

uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t period_ns(const std::string& detector) {
    static const nlohmann::json MANIFEST = nlohmann::json::parse(boot::routine_set().manifest);
    for (const auto& routine : MANIFEST["routines"]) {
        if (routine["name"] == detector) return routine["period_ms"].get<uint64_t>() * 1000000;
    }
    return 0;
}

std::vector<boot::SeenRecord> records_of(const DefibRecords& records) {
    std::vector<boot::SeenRecord> all;
    for (uint32_t at = 0; at < records.used;) {
        const auto* header = runtime::pointer_to<const DefibRecordHeader>(records.bytes + at);
        const auto* payload = reinterpret_cast<const std::byte*>(header + 1);
        all.push_back({header->kind, Bytes(payload, header->size)});
        at += static_cast<uint32_t>(sizeof *header) + ((header->size + 7) & ~7U);
    }
    return all;
}

std::string line_of(const DefibLogRecord& record) {
    const auto* text = reinterpret_cast<const char*>(record.text);
    return boot::printable({text, std::min<size_t>(record.length, sizeof record.text)});
}

std::vector<Found> findings_in(const std::string& detector, const DefibRecords& records) {
    std::vector<Found> all;
    for (const auto& record : records_of(records)) {
        if (const auto finding = record.as<DefibFinding>(DEFIB_RECORD_FINDING)) {
            all.push_back({detector, *finding, {}, {}});
        } else if (const auto culprit = record.as<DefibCulprit>(DEFIB_RECORD_CULPRIT)) {
            all.back().culprits.push_back(*culprit);
        } else if (const auto line = record.as<DefibLogRecord>(DEFIB_RECORD_LOG)) {
            all.back().log.push_back(line_of(*line));
        }
    }
    return all;
}

}  // namespace

std::vector<Threshold> usual_thresholds() {
    return {{"blocked", {30'000}},
            {"bombs", {300, 500, 200, 10'000}},
            {"cpu_failing", {10, 86'400'000}},
            {"cpu_overload", {20, 10'000}},
            {"cpu_stuck", {4000}},
            {"exhaustion", {90, 90, 90}},
            {"interrupts_dead", {4000}},
            {"kernel_loop", {4000}},
            {"lost_log_work", {1000}},
            {"memory", {5, 10, 1000, 60, 60, 0}},
            {"need_resched", {1000}},
            {"panic", {60'000}},
            {"rcu_stall", {15'000}},
            {"realtime_starvation", {2000, 90}},
            {"spinlock", {1000}},
            {"thrash", {50, 30'000, 128, 30, 25, 1000}},
            {"disk_busy", {95, 1000, 5000}}};
}

std::vector<Threshold> lab_thresholds() {
    auto all = usual_thresholds();
    for (Threshold& one : all) {
        if (one.detector == std::string_view("blocked")) one.arguments = {5000};
        if (one.detector == std::string_view("cpu_overload")) one.arguments = {2, 3000};
    }
    return all;
}

std::vector<Threshold> tight_thresholds() {
    return {{"blocked", {10'000}},
            {"bombs", {150, 250, 100, 10'000}},
            {"cpu_failing", {1, 86'400'000}},
            {"cpu_overload", {12, 5000}},
            {"cpu_stuck", {2000}},
            {"exhaustion", {45, 45, 45}},
            {"interrupts_dead", {2000}},
            {"kernel_loop", {2000}},
            {"memory", {4, 10, 500, 50, 40, 0}},
            {"lost_log_work", {500}},
            {"need_resched", {500}},
            {"panic", {60'000}},
            {"rcu_stall", {7500}},
            {"realtime_starvation", {1000, 60}},
            {"spinlock", {500}},
            {"thrash", {60, 60'000, 64, 15, 12, 500}},
            {"disk_busy", {90, 500, 2500}}};
}

const char* name_of(DefibFault fault) {
#define DEFIB_FAULT_NAME(name, number, word, text) \
    case DEFIB_FAULT_##name:                       \
        return word;
    switch (fault) {
        DEFIB_FAULT_LIST(DEFIB_FAULT_NAME)
        default:
            return "none";
    }
#undef DEFIB_FAULT_NAME
}

std::string to_text(const Found& found) {
    std::string text =
        fmt::format("{} key {:x}, evidence", name_of(found.fault()), found.finding.key);
    for (const uint64_t word : found.finding.evidence) text += fmt::format(" {:x}", word);
    for (const DefibCulprit& culprit : found.culprits) {
        text += fmt::format("\n    {} ({}), parent {}, weight {}, growth {}",
                            boot::printable(culprit.comm), culprit.pid, culprit.ppid,
                            culprit.weight, culprit.growth);
    }
    for (const std::string& line : found.log) text += "\n    " + line;
    return text;
}

Result<std::unique_ptr<Watch>> Watch::start(const lab::Guest& guest,
                                            const std::vector<Threshold>& thresholds) {
    auto manifest = boot::read_manifest(boot::routine_set().manifest, "the routines");
    if (!manifest) return std::unexpected(manifest.error());
    layouts::Wanted wanted = layouts::wanted_by_default();
    boot::want(*manifest, wanted);
    layouts::ExtractOptions options;
    options.selection = std::move(wanted);
    auto layout = layouts::extract_layout(guest.ram_file(), options);
    if (!layout) return std::unexpected(layout.error());
    std::unique_ptr<Watch> watch(new Watch);
    auto session = boot::Session::start(
        {.target = "vm:" + guest.ram_file().string(), .layout = *layout}, boot::routine_set());
    if (!session) return std::unexpected(session.error());
    watch->session_ = std::move(*session);
    for (const Threshold& threshold : thresholds) {
        if (auto added = watch->add(threshold); !added) return std::unexpected(added.error());
    }
    return watch;
}

Result<void> Watch::add(const Threshold& threshold) {
    const auto number = session_->manifest().number_of(threshold.detector);
    if (!number) return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, threshold.detector, "no such detector");
    const std::string& why_off = session_->bound().routines[*number].why_off;
    if (!why_off.empty()) return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, threshold.detector, why_off);
    Running one{threshold.detector, static_cast<uint32_t>(running_.size()), threshold.arguments,
                period_ns(threshold.detector), 0};
    one.arguments.resize(DEFIB_ARGUMENTS);
    twin_of(*session_).detectors[one.number].routine = *number;
    running_.push_back(std::move(one));
    return {};
}

std::vector<Found> Watch::run(Running& detector, uint64_t now) {
    DefibEngine& engine = twin_of(*session_);
    const DefibContext* context =
        runtime::detect(engine, detector.number, detector.arguments.data(), now);
    if (context == nullptr) return {};
    if (context->death != DEFIB_DEATH_NONE) {
        deaths_[detector.name] = context->death;
        return {};
    }
    return findings_in(detector.name, context->records);
}

void Watch::note(const Found& found) {
    const bool is_known = std::ranges::any_of(seen_, [&](const Found& other) {
        return other.fault() == found.fault() && other.finding.key == found.finding.key;
    });
    if (!is_known) seen_.push_back(found);
}

std::set<DefibFault> Watch::faults() const {
    std::set<DefibFault> all;
    for (const Found& found : seen_) all.insert(found.fault());
    return all;
}

void Watch::clear() {
    seen_.clear();
    deaths_.clear();
}

std::optional<Found> Watch::look_until(const std::function<bool(const Found&)>& is_wanted,
                                       lab::Milliseconds within) {
    const auto deadline = lab::Clock::now() + within;
    while (lab::Clock::now() < deadline) {
        uint64_t next_ns = ~uint64_t{0};
        for (Running& detector : running_) {
            const uint64_t now = now_ns();
            if (now >= detector.due_ns) {
                detector.due_ns = now + detector.period_ns;
                for (const Found& found : run(detector, now)) {
                    note(found);
                    if (is_wanted(found)) return found;
                }
            }
            next_ns = std::min(next_ns, detector.due_ns);
        }
        const uint64_t now = now_ns();
        const uint64_t pause_ns = next_ns > now ? next_ns - now : 0;
        const timespec pause{0, static_cast<long>(std::min<uint64_t>(pause_ns, 100000000))};
        nanosleep(&pause, nullptr);
    }
    return std::nullopt;
}

}  // namespace defib::detect
