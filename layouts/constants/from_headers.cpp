// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two runs of clang, 0.4 s together: one preprocesses and tells which names exist and where they
// are defined, one evaluates them. A name that exists but is no constant (a macro that reads a
// variable, say) makes the second run fail; it is dropped and the rest asked again.
#include "engine/base/tool.h"
#include "layouts/constants/constants.h"
#include "layouts/constants/header_packages.h"
#include "layouts/constants/header_tree.h"
#include "layouts/constants/probe.h"

namespace defib::layouts {
namespace {

// Every error is wanted, in a form that a program can read; warnings about headers are not ours.
const std::vector<std::string> QUIET = {"-w",
                                        "-ferror-limit=0",
                                        "-fno-caret-diagnostics",
                                        "-fno-color-diagnostics",
                                        "-fno-spell-checking",
                                        "-x",
                                        "c",
                                        "-",
                                        "-o",
                                        "-"};

Result<ToolOutput> run_clang(const HeaderTree& tree, const std::vector<std::string>& mode,
                             std::string_view text) {
    constexpr const char* PROGRAMS[] = {"clang-19", "clang"};
    std::vector<std::string> arguments = tree.compiler_arguments();
    arguments.insert(arguments.end(), mode.begin(), mode.end());
    arguments.insert(arguments.end(), QUIET.begin(), QUIET.end());
    return run_tool(PROGRAMS, arguments, text);
}

std::unexpected<Error> bad_headers(const std::string& object, const ToolOutput& run) {
    std::string why = first_header_error(run.errors);
    if (why.empty()) why = "clang ended with status " + std::to_string(run.exit_status);
    return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, object, "clang cannot read these headers: " + why,
                "give the complete headers package");
}

// How often clang may refuse names before something else must be wrong: once for those that are no
// constants; once more for those that the first errors hid.
constexpr int MOST_RUNS = 3;

Result<std::map<std::string, int64_t>> evaluate(const HeaderTree& tree,
                                                std::vector<std::string> names,
                                                const std::string& object) {
    for (int run = 0; run < MOST_RUNS && !names.empty(); ++run) {
        auto answered = run_clang(tree, {"-S"}, question_text(names));
        if (!answered) return std::unexpected(answered.error());
        if (answered->exit_status == 0) return read_answers(answered->output, names);
        const std::set<std::string> refused = refused_names(answered->errors, names);
        if (refused.empty()) return bad_headers(object, *answered);
        std::erase_if(names, [&](const std::string& name) { return refused.contains(name); });
    }
    if (names.empty()) return std::map<std::string, int64_t>();
    return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, object, "clang refuses other constants on each run");
}

}  // namespace

Result<HeaderConstants> constants_from_headers(std::span<const std::filesystem::path> paths,
                                               std::string_view release,
                                               const ConstantNames& wanted) {
    for (const std::string& name : wanted) {
        if (!is_identifier(name)) {
            return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, name, "not the name of a constant");
        }
    }
    const std::string object = paths.empty() ? "headers" : paths.front().string();
    const auto folders = HeaderFolders::open(paths);
    if (!folders) return std::unexpected(folders.error());
    const auto tree = find_header_tree(folders->folders(), release, object);
    if (!tree) return std::unexpected(tree.error());
    auto preprocessed = run_clang(*tree, {"-E", "-dD"}, include_text());
    if (!preprocessed) return std::unexpected(preprocessed.error());
    if (preprocessed->exit_status != 0) return bad_headers(object, *preprocessed);
    const auto definitions = find_definitions(preprocessed->output, wanted);

    std::vector<std::string> names;
    names.reserve(definitions.size());
    for (const auto& [name, file] : definitions) names.push_back(name);
    const auto values = evaluate(*tree, names, object);
    if (!values) return std::unexpected(values.error());

    HeaderConstants result{
        .release = tree->release, .architecture = tree->architecture, .constants = {}};
    for (const auto& [name, value] : *values) {
        const std::string file = tree->name_of(definitions.find(name)->second);
        result.constants[name] = {.value = value, .source = "headers: " + file};
    }
    return result;
}

}  // namespace defib::layouts
