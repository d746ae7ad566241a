// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The table and the module say the same, and every entry can be seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/faults/fault.h"

namespace defib::faults {
namespace {

std::string module_source() {
    std::ostringstream text;
    for (const auto& entry : std::filesystem::directory_iterator(DEFIB_FAULTS_SOURCE "/module")) {
        if (entry.path().extension() == ".c") text << std::ifstream(entry.path()).rdbuf();
    }
    return text.str();
}

std::set<std::string> names_in(const std::string& source, const char* pattern) {
    const std::regex expression(pattern);
    std::set<std::string> names;
    for (std::sregex_iterator at(source.begin(), source.end(), expression), end; at != end; ++at) {
        names.insert((*at)[1]);
    }
    return names;
}

TEST(FaultTable, NamesAreUniqueAndFound) {
    std::set<std::string_view> names;
    for (const Fault& fault : all()) {
        EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
        EXPECT_EQ(find(fault.name), &fault);
    }
    EXPECT_EQ(find("no such fault"), nullptr);
    EXPECT_GE(names.size(), 40U);
}

TEST(FaultTable, EveryFaultHappensAndIsSeen) {
    for (const Fault& fault : all()) {
        EXPECT_TRUE(fault.parameter || !fault.programs.empty()) << fault.name;
        EXPECT_FALSE(fault.symptom.empty()) << fault.name;
    }
}

TEST(FaultTable, WhatIsHealthyLeavesTheLogClean) {
    for (const Fault& fault : healthy_loads()) {
        const auto is_clean = [](const Evidence& one) { return one.sign == Sign::LOG_IS_CLEAN; };
        EXPECT_TRUE(std::ranges::any_of(fault.symptom, is_clean)) << fault.name;
        EXPECT_EQ(fault.kind, Kind::HEALTHY) << fault.name;
        EXPECT_TRUE(fault.guest.settings.empty()) << fault.name;
    }
}

TEST(FaultTable, TheModuleHasWhatTheTableNames) {
    std::set<std::string> named;
    for (const Fault& fault : all()) {
        if (fault.parameter) named.insert(fault.parameter);
    }
    EXPECT_EQ(names_in(module_source(), "DEFIB_FAULT\\((\\w+)"), named);
}

TEST(FaultTable, EveryDeviceOfTheModuleIsUsed) {
    std::set<std::string> used;
    for (const Fault& fault : all()) {
        for (const char* program : fault.programs) {
            for (const std::string& name : names_in(program, "/dev/defib_(\\w+)"))
                used.insert(name);
        }
    }
    EXPECT_EQ(names_in(module_source(), "DEVICE\\(([a-z]+)\\)"), used);
}

}  // namespace
}  // namespace defib::faults
