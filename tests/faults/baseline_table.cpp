// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/faults/baseline.h"
#include "tests/faults/symptom.h"

namespace defib::faults {
namespace {

// A table's cells are separated by bars.
std::string cell(std::string text) {
    for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
        text.insert(at, "\\");
    }
    return text;
}

std::string conditions_of(const Fault& fault) {
    std::string text = fmt::format("{} CPUs, {} MB", fault.guest.cpus, fault.guest.ram_mb);
    if (fault.guest.swap_mb) text += fmt::format(", swap {} MB", fault.guest.swap_mb);
    if (fault.guest.queued_spinlocks) text += ", queued spinlocks";
    for (const Setting& setting : fault.guest.settings) {
        const std::string_view path = setting.path;
        text += fmt::format(", {}={}", path.substr(path.rfind('/') + 1), setting.value);
    }
    return text;
}

std::string symptom_of(const Fault& fault) {
    std::string text;
    for (const Evidence& evidence : fault.symptom) {
        text += (text.empty() ? "" : "; ") + to_text(evidence);
    }
    return text;
}

std::string beats_of(const Observation& seen) {
    constexpr double END_S = std::chrono::duration<double>(ALONE).count() - 5;
    if (seen.last_beat_s < 0) return "none";
    if (seen.last_beat_s < END_S) return fmt::format("last {:.1f} s", seen.last_beat_s);
    return fmt::format("longest gap {:.2f} s", seen.longest_gap_s);
}

std::string seen_of(const Observation& seen) {
    return seen.symptom_s < 0 ? "not seen" : fmt::format("{:.1f} s", seen.symptom_s);
}

const char* heading_of(Kind kind) {
    switch (kind) {
        case Kind::KERNEL:
            return "kernel";
        case Kind::PROCESS:
            return "process";
        case Kind::HEALTHY:
            return "healthy";
    }
    return "";
}

}  // namespace

nlohmann::json to_json(const Observation& seen) {
    return {{"fault", seen.fault},
            {"kernel", seen.kernel},
            {"release", seen.release},
            {"symptom_s", seen.symptom_s},
            {"last_beat_s", seen.last_beat_s},
            {"longest_gap_s", seen.longest_gap_s},
            {"log", seen.log},
            {"outcome", seen.outcome}};
}

Result<Observation> from_json(const nlohmann::json& json) {
    constexpr const char* TEXTS[] = {"fault", "kernel", "release", "log", "outcome"};
    constexpr const char* NUMBERS[] = {"symptom_s", "last_beat_s", "longest_gap_s"};
    const auto bad = [&](const char* key) { return !json.is_object() || !json.contains(key); };
    for (const char* key : TEXTS) {
        if (bad(key) || !json[key].is_string()) {
            return fail(DEFIB_ERROR_LAB_REFUSED, "observation", std::string("no ") + key);
        }
    }
    for (const char* key : NUMBERS) {
        if (bad(key) || !json[key].is_number()) {
            return fail(DEFIB_ERROR_LAB_REFUSED, "observation", std::string("no ") + key);
        }
    }
    return Observation{json["fault"],     json["kernel"],      json["release"],
                       json["symptom_s"], json["last_beat_s"], json["longest_gap_s"],
                       json["log"],       json["outcome"]};
}

std::string table_of(const std::vector<Observation>& observations) {
    std::string text = fmt::format(
        "Left alone for {} s. Seconds count from the injection.\n\n"
        "| fault | kernel | symptom | ordinary beats | the kernel's own log | at the end |\n"
        "| --- | --- | --- | --- | --- | --- |\n",
        std::chrono::duration_cast<std::chrono::seconds>(ALONE).count());
    std::set<std::string> releases;
    for (const Fault& fault : all()) {
        for (const Observation& seen : observations) {
            if (seen.fault != fault.name) continue;
            releases.insert(seen.release);
            text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", fault.name, seen.kernel,
                                seen_of(seen), beats_of(seen), seen.log.empty() ? "-" : seen.log,
                                seen.outcome);
        }
    }
    text += "\nMeasured on";
    for (const std::string& release : releases) text += " " + release;
    text +=
        ".\n\n| fault | kind | what | guest | evidence | note |\n"
        "| --- | --- | --- | --- | --- | --- |\n";
    for (const Fault& fault : all()) {
        text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", fault.name,
                            heading_of(fault.kind), cell(fault.what), cell(conditions_of(fault)),
                            cell(symptom_of(fault)), cell(fault.note));
    }
    return text;
}

Result<std::string> with_table(std::string_view document, std::string_view table) {
    const size_t begin = document.find(TABLE_BEGINS);
    const size_t end = document.find(TABLE_ENDS);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
        return fail(DEFIB_ERROR_LAB_REFUSED, "document", "the table's markers are missing");
    }
    const size_t from = begin + std::string_view(TABLE_BEGINS).size();
    return fmt::format("{}{}{}", document.substr(0, from), table, document.substr(end));
}

}  // namespace defib::faults
