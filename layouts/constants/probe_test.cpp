// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/constants/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace defib::layouts {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Probe, FindsWhereMacrosAndEnumeratorsAreDefined) {
    constexpr std::string_view preprocessed =
        "# 1 \"a.h\" 1\n"
        "#define FLAG 1\n"
        "#define CALL(x) x\n"
        "#define ALIAS UNSEEN\n"
        "# 7 \"b.h\" 2\n"
        "enum { FIRST, SECOND = FLAG_TOO };\n";
    EXPECT_THAT(
        find_definitions(preprocessed, {"FLAG", "CALL", "ALIAS", "UNSEEN", "SECOND", "FLAG_TO"}),
        ElementsAre(Pair("ALIAS", "a.h"), Pair("FLAG", "a.h"), Pair("SECOND", "b.h")));
}

TEST(Probe, TheLastDefinitionOfAMacroCounts) {
    EXPECT_THAT(
        find_definitions("# 1 \"a.h\"\n#define X 1\n#undef X\n# 1 \"b.h\"\n#define X 2\n", {"X"}),
        ElementsAre(Pair("X", "b.h")));
}

TEST(Probe, ReadsSignedAnswersAndNothingElse) {
    const std::vector<std::string> names = {"A", "B"};
    constexpr std::string_view assembly =
        "\t.ascii \"defib-answer:0:-5\"\n"
        "\t.ascii \"defib-answer:1:9223372036854775807\"\n"
        "\t.ascii \"defib-answer:7:1\"\n"
        "\t.ascii \"defib-answer:\"\n"
        "\t.ascii \"other\"\n";
    EXPECT_THAT(read_answers(assembly, names),
                ElementsAre(Pair("A", -5), Pair("B", 9223372036854775807)));
    EXPECT_THAT(read_answers("", names), IsEmpty());
}

TEST(Probe, TellsErrorsAboutNamesFromErrorsAboutHeaders) {
    const std::vector<std::string> names = {"A", "B"};
    constexpr std::string_view errors =
        "defib-constant-1:1:50: error: use of undeclared identifier 'B'\n"
        "defib-constant-9:1:50: error: no such question\n"
        "/usr/src/x.h:3:1: fatal error: 'y.h' file not found\n";
    EXPECT_THAT(refused_names(errors, names), ElementsAre("B"));
    EXPECT_EQ(first_header_error(errors), "/usr/src/x.h:3:1: fatal error: 'y.h' file not found");
}

TEST(Probe, OnlyIdentifiersMayEnterTheText) {
    EXPECT_TRUE(is_identifier("_PAGE_PRESENT"));
    EXPECT_FALSE(is_identifier(""));
    EXPECT_FALSE(is_identifier("1UL"));
    EXPECT_FALSE(is_identifier("A));system(\"x\""));
}

}  // namespace
}  // namespace defib::layouts
