// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/assemble.h"

#include "engine/base/file.h"
#include "engine/base/tool.h"

namespace defib::compiler {

Result<void> assemble(const std::string& assembler, const std::filesystem::path& ptx,
                      const std::string& processor, const std::filesystem::path& output) {
    const auto text = MappedFile::open(ptx);
    if (!text) return std::unexpected(text.error());
    const std::filesystem::path unfinished = output.string() + ".unfinished";
    std::vector<std::string> arguments = {"-arch=" + processor, ptx, "-o", unfinished};
    // Of a text without an entry, a part to be linked, ptxas keeps nothing unless it is told to.
    // One with an entry runs with as many warps as the registers of a multiprocessor allow
    // (boot/backend/cuda/program.cpp).
    const bool is_whole = as_text(text->bytes()).contains(".entry");
    arguments.insert(arguments.begin(), is_whole ? "-maxrregcount=128" : "--compile-only");
    const char* const programs[] = {assembler.c_str()};
    const auto run = run_tool(programs, arguments, {});
    std::error_code ignored;
    if (!run || run->exit_status != 0) {
        std::filesystem::remove(unfinished, ignored);
        if (!run) return std::unexpected(run.error());
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, assembler + " for " + processor,
                    run->errors.substr(0, run->errors.find('\n')));
    }
    std::error_code error;
    std::filesystem::rename(unfinished, output, error);
    if (error) return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, output.string(), error.message());
    return {};
}

}  // namespace defib::compiler
