// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/show.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace defib::image {
namespace {

using Json = nlohmann::ordered_json;

// "2026-11-20", in UTC; a date beyond what a calendar holds stays a number.
std::string date_of(uint64_t seconds) {
    constexpr uint64_t YEAR_9999 = 253402300799;
    if (seconds > YEAR_9999) return std::to_string(seconds);
    const std::chrono::sys_days day{std::chrono::days{int64_t(seconds / 86400)}};
    const std::chrono::year_month_day date{day};
    return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()),
                       unsigned(date.day()));
}

Json to_json(const Attributes& attributes) {
    Json out{{"version", attributes.version},
             {"security_counter", attributes.security_counter},
             {"source_date", attributes.source_date},
             {"key_set_version", attributes.key_set_version},
             {"targets", Json::array()}};
    for (const auto target : attributes.targets) out["targets"].push_back(target);
    return out;
}

std::string_view name_of(const signing::KeySet& trusted, const signing::PublicKey& key) {
    const signing::KeyEntry* entry = trusted.find_image(key);
    return entry ? entry->name() : std::string_view("unknown");
}

}  // namespace

void print_image(const ImageView& image, Form form) {
    if (form == Form::json) {
        Json out = to_json(image.attributes);
        out["parts"] = Json::array();
        for (const PartView& part : image.parts) {
            out["parts"].push_back({{"type", part.kind().name},
                                    {"name", part.name},
                                    {"size", part.content.size()},
                                    {"digest", signing::to_hex(part.digest)}});
        }
        out["signatures"] = Json::array();
        for (const auto& entry : image.signatures) {
            out["signatures"].push_back(signing::to_hex(entry.key));
        }
        fmt::print("{}\n", out.dump(2));
        return;
    }
    const Attributes& attributes = image.attributes;
    fmt::print("version {}, security counter {}, source of {}, for key set {} or newer\n",
               attributes.version, attributes.security_counter, date_of(attributes.source_date),
               attributes.key_set_version);
    for (const auto target : attributes.targets) fmt::print("for {}\n", target);
    for (const PartView& part : image.parts) {
        fmt::print("  {:<15} {:<32} {:>9}  {}\n", part.kind().name, part.name, part.content.size(),
                   signing::to_hex(part.digest).substr(0, 16));
    }
    if (image.signatures.empty()) fmt::print("not signed\n");
    for (const auto& entry : image.signatures) {
        fmt::print("claims a signature of {} (not verified here)\n", signing::to_hex(entry.key));
    }
}

void print_verified(const VerifiedImage& image, const signing::KeySet& trusted, Form form) {
    const auto& keys = image.running().verified_with;
    if (form == Form::json) {
        Json out = to_json(image.attributes());
        out["verified_with"] = Json::array();
        for (const auto& key : keys) out["verified_with"].push_back(signing::to_hex(key));
        fmt::print("{}\n", out.dump(2));
        return;
    }
    fmt::print("genuine: version {}, security counter {}\n", image.attributes().version,
               image.attributes().security_counter);
    for (const auto& key : keys) {
        fmt::print("signed by {}  {}\n", signing::to_hex(key), name_of(trusted, key));
    }
}

}  // namespace defib::image
