// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy that comes along, against the routines that come along.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "boot/session/session.h"
#include "boot/session/vocabulary.h"
#include "engine/detectors/faults.h"
#include "engine/runtime/policy.h"
#include "image/policy/compile.h"
#include "image/policy/default_policy.h"

namespace defib::boot {
namespace {

using nlohmann::json;

image::CompiledPolicy compiled() {
    const auto manifest = read_manifest(routine_set().manifest, "manifest");
    EXPECT_TRUE(manifest);
    auto policy = image::compile_policy(image::default_policy(), "default",
                                        vocabulary_of(*manifest, routine_set().manifest));
    EXPECT_TRUE(policy) << to_line(policy.error());
    return std::move(*policy);
}

TEST(DefaultPolicy, SaysOnlyWhatCanBeDone) {
    const auto policy = compiled();
    EXPECT_THAT(policy.problems, ::testing::IsEmpty());
    EXPECT_TRUE(runtime::check_policy(policy.table));
}

TEST(DefaultPolicy, ListensToEachFaultThereIs) {
    const auto policy = compiled();
    for (const uint32_t fault : {
#define DEFIB_FAULT_LISTED(name, number, word, text) uint32_t{number},
             DEFIB_FAULT_LIST(DEFIB_FAULT_LISTED)
#undef DEFIB_FAULT_LISTED
         }) {
        EXPECT_TRUE(std::ranges::any_of(policy.table.rules, [&](const DefibPolicyRule& rule) {
            return rule.fault == fault;
        })) << fault;
    }
}

// A detector's reason is one text for all of its thresholds.
void expect_reasons(const json& value, const std::string& where, bool is_covered) {
    if (!value.is_object()) {
        if (value.is_array()) {
            for (const json& one : value) expect_reasons(one, where, is_covered);
        }
        return;
    }
    const json why = value.value("why", json());
    const bool covers = is_covered || why.is_string();
    for (const auto& [key, entry] : value.items()) {
        if (key == "why" || key == "arguments" || key == "schema") continue;
        if (entry.is_number()) {
            EXPECT_TRUE(covers || why.contains(key)) << where << " " << key << " has no reason";
        }
        expect_reasons(entry, where + "/" + key, covers);
    }
}

// The table beside the detectors says of each what its source does.
TEST(DetectorFaults, AreThoseThatTheSourcesName) {
    std::set<std::string> named;
    const std::regex fault("DEFIB_FAULT_[A-Z_]+");
    for (const auto& file : std::filesystem::directory_iterator(DEFIB_DETECTOR_SOURCES)) {
        if (file.path().extension() != ".cpp") continue;
        std::ifstream source(file.path());
        const std::string text(std::istreambuf_iterator<char>(source), {});
        const std::string detector = file.path().stem().string();
        for (std::sregex_iterator at(text.begin(), text.end(), fault); at != std::sregex_iterator();
             ++at) {
            named.insert(detector + " " + at->str());
        }
    }
    const std::set<std::string> listed = {
#define DEFIB_FAULT_OF(detector, fault, named) #detector " DEFIB_FAULT_" #fault,
        DEFIB_DETECTOR_FAULTS(DEFIB_FAULT_OF)
#undef DEFIB_FAULT_OF
    };
    EXPECT_EQ(named, listed);
}

TEST(DefaultPolicy, HasAReasonForEachNumber) {
    expect_reasons(json::parse(image::default_policy()), "", false);
}

}  // namespace
}  // namespace defib::boot
