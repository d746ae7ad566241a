// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/testing/compile_source.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>

#include "engine/compiler/compile.h"

namespace defib::compiler {

namespace {

std::string output_of(const std::string& command) {
    std::string output;
    // The shell splits the build's flags; nothing of it comes from outside.
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");  // NOLINT(bugprone-command-processor)
    if (pipe == nullptr) return "cannot start clang";
    std::array<char, 4096> part{};
    while (const size_t size = fread(part.data(), 1, part.size(), pipe))
        output.append(part.data(), size);
    pclose(pipe);
    return output;
}

// "file:12:3: error: text"
std::vector<Refusal> errors_in(const std::string& output) {
    static const std::regex ERROR(R"(^(.*?):(\d+):\d+: (?:fatal )?error: (.*)$)");
    std::vector<Refusal> errors;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_match(line, match, ERROR))
            errors.push_back({match[1], static_cast<unsigned>(std::stoul(match[2])), match[3]});
    }
    return errors;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "defib-compiler-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::vector<Refusal> write_bitcode(const std::filesystem::path& source,
                                   const std::filesystem::path& bitcode) {
    const std::string output = output_of("cd " DEFIB_SOURCE_FOLDER " && " DEFIB_CLANG
                                         " " DEFIB_CLANG_FLAGS " -ferror-limit=0 " +
                                         source.string() + " -o " + bitcode.string());
    std::vector<Refusal> refusals = errors_in(output);
    if (refusals.empty() && !std::filesystem::exists(bitcode))
        refusals.push_back({source.string(), 0, output});
    return refusals;
}

std::unique_ptr<llvm::Module> to_bitcode(llvm::LLVMContext& context,
                                         const std::filesystem::path& source,
                                         std::vector<Refusal>& refusals) {
    const TemporaryFolder folder;
    const std::filesystem::path bitcode = folder / "source.bc";
    refusals = write_bitcode(source, bitcode);
    if (!refusals.empty()) return nullptr;
    auto module = read_set(context, {bitcode});
    if (!module) {
        refusals.push_back({source.string(), 0, to_line(module.error())});
        return nullptr;
    }
    return std::move(*module);
}

Compiled compile_source(const std::filesystem::path& source) {
    Compiled compiled;
    llvm::LLVMContext context;
    const auto module = to_bitcode(context, source, compiled.refusals);
    if (module == nullptr) return compiled;
    Refusals refusals;
    compiled.manifest = compile_set(*module, refusals);
    std::string optimised;
    if (refusals.empty()) optimised = optimise_set(*module, compiled.manifest, refusals);
    if (refusals.empty()) {
        const auto object = build(optimised, compiled.manifest, Target::x86_64(), {});
        if (!object) compiled.refusals.push_back({source.string(), 0, to_line(object.error())});
    }
    compiled.refusals.insert(compiled.refusals.end(), refusals.all().begin(), refusals.all().end());
    compiled.manifest_text = to_json(compiled.manifest);
    return compiled;
}

std::string read_text(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

std::filesystem::path cases_folder() {
    return DEFIB_SOURCE_FOLDER "/engine/compiler/cases";
}

}  // namespace defib::compiler
