// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_BASE_TOOL_H
#define DEFIB_ENGINE_BASE_TOOL_H

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace defib {

struct ToolOutput {
    int exit_status = 0;  // 128 + N: ended by signal N
    std::string output;
    std::string errors;
};

// Runs the first of `programs` that PATH holds, with `input` on its standard input, and waits for
// it. No shell sees the arguments. A tool that ran and failed is no error here: see `exit_status`.
Result<ToolOutput> run_tool(std::span<const char* const> programs,
                            const std::vector<std::string>& arguments, std::string_view input);

}  // namespace defib

#endif
