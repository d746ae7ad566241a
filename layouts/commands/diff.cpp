// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/diff.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "layouts/commands/diff.h"
#include "layouts/commands/load.h"
#include "layouts/show.h"

namespace defib::layouts {
namespace {

struct Arguments {
    std::string before;
    std::string after;
    bool is_json = false;
};

std::string_view kind_text(ChangeKind kind) {
    switch (kind) {
        case ChangeKind::structure:
        case ChangeKind::member:
            return "struct";
        case ChangeKind::enumerator:
            return "enum";
        case ChangeKind::constant:
            return "constant";
        case ChangeKind::symbol:
            return "symbol";
    }
    return {};
}

void print_json(const std::vector<Change>& changes) {
    auto json = nlohmann::ordered_json::array();
    const auto side = [](const std::string& text) {
        return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
    };
    for (const Change& change : changes) {
        nlohmann::ordered_json entry;
        entry["kind"] = kind_text(change.kind);
        if (!change.owner.empty()) entry["of"] = change.owner;
        if (!change.name.empty()) entry["name"] = change.name;
        entry["before"] = side(change.before);
        entry["after"] = side(change.after);
        entry["wanted"] = change.is_wanted;
        json.push_back(std::move(entry));
    }
    fmt::print("{}\n", json.dump(1));
}

std::string title(const Change& change) {
    if (change.owner.empty()) return fmt::format("{} {}", kind_text(change.kind), change.name);
    const auto* dot = change.name.empty() ? "" : ".";
    return fmt::format("{} {}{}{}", kind_text(change.kind), change.owner, dot, change.name);
}

void print_text(const std::vector<Change>& changes) {
    const auto side = [](const std::string& text) { return text.empty() ? "absent" : text; };
    bool is_first = true;
    bool was_wanted = false;
    for (const Change& change : changes) {
        if (is_first || change.is_wanted != was_wanted) {
            fmt::print("{}:\n",
                       change.is_wanted ? "what detectors and routines look at" : "the rest");
        }
        is_first = false;
        was_wanted = change.is_wanted;
        fmt::print("  {:<44} {} -> {}\n", title(change), side(change.before), side(change.after));
    }
    if (changes.empty()) fmt::print("nothing moved\n");
}

Result<int> diff(const Arguments& arguments) {
    const auto before = load_layout(arguments.before);
    if (!before) return std::unexpected(before.error());
    const auto after = load_layout(arguments.after);
    if (!after) return std::unexpected(after.error());
    const auto changes = diff_layouts(*before, *after, wanted_by_default());
    if (arguments.is_json) {
        print_json(changes);
    } else {
        fmt::print("from {}\nto   {}\n", kernel_line(before->kernel), kernel_line(after->kernel));
        print_text(changes);
    }
    return changes.empty() ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace

Action declare_diff(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("A", arguments->before, "a layout file")->required();
    options.add_option("B", arguments->after, "another")->required();
    options.add_flag("--json", arguments->is_json, "for machines");
    return [arguments] { return diff(*arguments); };
}

}  // namespace defib::layouts
