// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules of the language, one small source each: cases/accept and cases/refuse. A refused one
// says in a comment what is refused in the line below it; an accepted one may say what its manifest
// holds. Nothing else may be refused, and nothing that is announced may pass.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "engine/compiler/testing/compile_source.h"

namespace defib::compiler {
namespace {

struct Expected {
    unsigned line = 0;  // 0: the set as a whole
    std::string text;
};

// "// refused: text" is about the next line that is no such comment itself.
std::vector<Expected> expected_refusals(const std::string& source) {
    static const std::regex MARK(R"(^\s*// refused( set)?: (.*)$)");
    std::vector<Expected> expected;
    std::vector<std::string> lines;
    std::istringstream stream(source);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    for (size_t i = 0; i < lines.size(); ++i) {
        std::smatch match;
        if (!std::regex_match(lines[i], match, MARK)) continue;
        size_t about = i;
        while (about < lines.size() && std::regex_match(lines[about], MARK)) ++about;
        expected.push_back({match[1].matched ? 0 : static_cast<unsigned>(about + 1), match[2]});
    }
    return expected;
}

std::vector<std::string> expected_in_manifest(const std::string& source) {
    static const std::regex MARK(R"(^// manifest: (.*)$)");
    std::vector<std::string> expected;
    std::istringstream stream(source);
    for (std::string line; std::getline(stream, line);) {
        std::smatch match;
        if (std::regex_match(line, match, MARK)) expected.push_back(match[1]);
    }
    return expected;
}

std::string text_of(const std::vector<Refusal>& refusals) {
    std::string text;
    for (const Refusal& refusal : refusals) text += "  " + to_line(refusal) + "\n";
    return text.empty() ? "  nothing\n" : text;
}

bool meets(const Refusal& refusal, const Expected& expected) {
    return refusal.message.contains(expected.text) &&
           (expected.line == 0 ? refusal.file.empty() : refusal.line == expected.line);
}

using Case = testing::TestWithParam<std::filesystem::path>;

class Refuse : public Case {};
class Accept : public Case {};

TEST_P(Refuse, EveryRefusalIsAnnouncedAndInItsPlace) {
    const std::vector<Expected> expected = expected_refusals(read_text(GetParam()));
    ASSERT_FALSE(expected.empty()) << "the case announces no refusal";
    const Compiled compiled = compile_source(GetParam());
    for (const Expected& one : expected)
        EXPECT_TRUE(std::ranges::any_of(
            compiled.refusals, [&](const Refusal& refusal) { return meets(refusal, one); }))
            << "line " << one.line << " should be refused: " << one.text << "\nrefused was\n"
            << text_of(compiled.refusals);
    for (const Refusal& refusal : compiled.refusals)
        EXPECT_TRUE(
            std::ranges::any_of(expected, [&](const Expected& one) { return meets(refusal, one); }))
            << "not announced: " << to_line(refusal);
}

TEST_P(Accept, CompilesAndIsRecorded) {
    const Compiled compiled = compile_source(GetParam());
    EXPECT_TRUE(compiled.refusals.empty()) << text_of(compiled.refusals);
    // As people read it.
    const std::string manifest = nlohmann::ordered_json::parse(compiled.manifest_text).dump(1);
    for (const std::string& text : expected_in_manifest(read_text(GetParam())))
        EXPECT_TRUE(manifest.contains(text)) << text << " is not in\n" << manifest;
}

std::string name_of_case(const testing::TestParamInfo<std::filesystem::path>& info) {
    return info.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(Cases, Refuse, testing::ValuesIn(files_in(cases_folder() / "refuse")),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Cases, Accept, testing::ValuesIn(files_in(cases_folder() / "accept")),
                         name_of_case);

}  // namespace
}  // namespace defib::compiler
