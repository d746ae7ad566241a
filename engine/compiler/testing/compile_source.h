// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: a source through clang, the plugin and the tool, as the build does it.
#ifndef DEFIB_ENGINE_COMPILER_TESTING_COMPILE_SOURCE_H
#define DEFIB_ENGINE_COMPILER_TESTING_COMPILE_SOURCE_H

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/compiler/manifest.h"
#include "engine/compiler/refusal.h"

namespace defib::compiler {

// Removed, with what is in it, when it goes.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

struct Compiled {
    std::vector<Refusal> refusals;  // clang's errors too
    Manifest manifest;
    std::string manifest_text;
};

// Up to verified x86-64 code.
Compiled compile_source(const std::filesystem::path& source);

// Up to bitcode; what clang said against it is in `refusals`, and then there is no module.
std::unique_ptr<llvm::Module> to_bitcode(llvm::LLVMContext& context,
                                         const std::filesystem::path& source,
                                         std::vector<Refusal>& refusals);

// The same, kept in a file; gives back what clang said against it.
std::vector<Refusal> write_bitcode(const std::filesystem::path& source,
                                   const std::filesystem::path& bitcode);

std::string read_text(const std::filesystem::path& path);
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

// In the source tree.
std::filesystem::path cases_folder();

}  // namespace defib::compiler

#endif
