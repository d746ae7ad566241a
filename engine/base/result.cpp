// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/result.h"

#include <algorithm>

namespace defib {
namespace {

struct Row {
    ErrorCode code;
    const char* name;
    const char* text;
    int exit;
};

#define ROW(name, a, b, number, exit, text) Row{DEFIB_ERROR_##name, #name, text, DEFIB_EXIT_##exit},
constexpr Row ROWS[] = {DEFIB_ERROR_LIST(ROW)};
#undef ROW

const Row* find_row(ErrorCode code) {
    const auto* row = std::ranges::find(ROWS, code, &Row::code);
    return row == std::end(ROWS) ? nullptr : row;
}

// Names and strings come from files that anybody may have made: a control character in one must not
// reach a terminal, and the promise is one line.
std::string printable(const std::string& text) {
    std::string out = text;
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return out;
}

}  // namespace

std::string to_line(const Error& error) {
    const Row* row = find_row(error.code);
    std::string line = printable(error.object);
    if (!line.empty()) line += ": ";
    line += row ? row->text : "unknown error";
    if (!error.detail.empty()) line += ": " + printable(error.detail);
    if (!error.advice.empty()) line += "; " + printable(error.advice);
    return line;
}

int exit_status(ErrorCode code) {
    const Row* row = find_row(code);
    return row ? row->exit : DEFIB_EXIT_ENVIRONMENT;
}

const char* name(ErrorCode code) {
    const Row* row = find_row(code);
    return row ? row->name : "UNKNOWN";
}

}  // namespace defib
