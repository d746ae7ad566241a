// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/target_id.h"

#include <algorithm>

#include "signing/durable_file.h"

namespace defib::image {
namespace {

constexpr size_t MOST_COMPONENT_BYTES = 64;

bool is_component(std::string_view text) {
    return !text.empty() && text.size() <= MOST_COMPONENT_BYTES &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f && c != '/'; });
}

// What firmware writes into its tables is anything; an id is what FORMAT.md allows.
std::string clean(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    text.resize(std::min(text.size(), MOST_COMPONENT_BYTES));
    for (char& c : text) {
        if (c < ' ' || c >= 0x7f || c == '/' || c == '*') c = '_';
    }
    return text.empty() ? "unknown" : text;
}

}  // namespace

bool read_target(std::string_view text, TargetPattern& out) {
    const size_t first = text.find('/');
    if (first == std::string_view::npos) return false;
    const size_t second = text.find('/', first + 1);
    if (second == std::string_view::npos) return false;
    out = {text.substr(0, first), text.substr(first + 1, second - first - 1),
           text.substr(second + 1)};
    return is_component(out.vendor) && is_component(out.model) && is_component(out.board);
}

bool matches(const TargetPattern& pattern, const TargetId& machine) {
    const auto fits = [](std::string_view wanted, std::string_view is) {
        return wanted == "*" || wanted == is;
    };
    return fits(pattern.vendor, machine.vendor) && fits(pattern.model, machine.model) &&
           fits(pattern.board, machine.board);
}

std::string to_text(const TargetId& machine) {
    return machine.vendor + "/" + machine.model + "/" + machine.board;
}

Result<TargetId> read_target_id(std::string_view text) {
    TargetPattern pattern;
    if (!read_target(text, pattern) || text.contains('*')) {
        return fail(DEFIB_ERROR_BASE_USAGE, std::string(text), "no machine",
                    "it is vendor/model/board");
    }
    return TargetId{std::string(pattern.vendor), std::string(pattern.model),
                    std::string(pattern.board)};
}

Result<TargetId> read_machine_target(const std::filesystem::path& root) {
    const auto folder = root / "sys/class/dmi/id";
    // A field that a firmware leaves out is "unknown"; without any there is no telling.
    const auto read = [&](const char* name) {
        return clean(signing::read_at_most(folder / name, 4096, DEFIB_ERROR_BASE_CANNOT_READ)
                         .value_or(std::string()));
    };
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, folder.string(),
                    "this machine does not say what it is", "name it with --target");
    }
    return TargetId{read("sys_vendor"), read("product_name"), read("board_name")};
}

}  // namespace defib::image
