// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/result.h"

namespace defib::matrix {
namespace {

template <class T>
bool take(const nlohmann::json& json, const char* key, bool is_of_type, T& into) {
    if (!is_of_type) return false;
    into = json[key].get<T>();
    return true;
}

bool take_text(const nlohmann::json& json, const char* key, std::string& into) {
    return take(json, key, json.contains(key) && json[key].is_string(), into);
}
bool take_number(const nlohmann::json& json, const char* key, double& into) {
    return take(json, key, json.contains(key) && json[key].is_number(), into);
}
bool take_count(const nlohmann::json& json, const char* key, unsigned& into) {
    return take(json, key, json.contains(key) && json[key].is_number_unsigned(), into);
}
bool take_words(const nlohmann::json& json, const char* key, std::vector<std::string>& into) {
    if (!json.contains(key) || !json[key].is_array()) return false;
    for (const auto& word : json[key]) {
        if (!word.is_string()) return false;
        into.push_back(word);
    }
    return true;
}

}  // namespace

nlohmann::json to_json(const RoundResult& result) {
    return {{"fault", result.round.fault},
            {"kernel", result.round.kernel},
            {"workload", result.round.workload},
            {"round", result.round.number},
            {"build", result.build},
            {"release", result.release},
            {"error", result.error},
            {"found_s", result.found_s},
            {"ended_s", result.ended_s},
            {"watched_s", result.watched_s},
            {"serves", result.serves},
            {"lost", result.lost},
            {"repairs", result.repairs},
            {"false_findings", result.false_findings},
            {"harm", result.harm},
            {"last", result.last}};
}

Result<RoundResult> from_json(const nlohmann::json& json) {
    RoundResult one;
    const bool is_whole =
        json.is_object() && take_text(json, "fault", one.round.fault) &&
        take_text(json, "kernel", one.round.kernel) &&
        take_text(json, "workload", one.round.workload) &&
        take_count(json, "round", one.round.number) && take_text(json, "build", one.build) &&
        take_text(json, "release", one.release) && take_text(json, "error", one.error) &&
        take_number(json, "found_s", one.found_s) && take_number(json, "ended_s", one.ended_s) &&
        take_number(json, "watched_s", one.watched_s) &&
        take(json, "serves", json.contains("serves") && json["serves"].is_boolean(), one.serves) &&
        take_count(json, "lost", one.lost) && take_words(json, "repairs", one.repairs) &&
        take_words(json, "false_findings", one.false_findings) &&
        take_words(json, "harm", one.harm) && take_text(json, "last", one.last);
    if (is_whole) return one;
    return fail(DEFIB_ERROR_LAB_REFUSED, "a round's result", "not whole");
}

std::vector<RoundResult> read_results(std::string_view text) {
    std::vector<RoundResult> all;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        auto one = from_json(nlohmann::json::parse(text.substr(0, end), nullptr, false));
        if (one) all.push_back(std::move(*one));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

}  // namespace defib::matrix
