// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The whole way from bitcode to what is shipped, as a library: the tool and the tests call it.
#ifndef DEFIB_ENGINE_COMPILER_COMPILE_H
#define DEFIB_ENGINE_COMPILER_COMPILE_H

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/compiler/emit.h"
#include "engine/compiler/manifest.h"
#include "engine/compiler/refusal.h"

namespace defib::compiler {

// Reads bitcode and joins it into one module.
Result<std::unique_ptr<llvm::Module>> read_set(llvm::LLVMContext& context,
                                               const std::vector<std::filesystem::path>& inputs);

// Checks, lowers and verifies in place. What is refused is in `refusals`, and then the module is of
// no use.
Manifest compile_set(llvm::Module& module, Refusals& refusals);

// Optimises a compiled set and verifies it again: once, and then every target is made of this
// bitcode. The order is what both processors agree by, and what keeps the build short. Adds to the
// manifest the digests of the code as it was compiled.
std::string optimise_set(llvm::Module& module, Manifest& manifest, Refusals& refusals);

// The set for one target, with dispatch and the runtime's bitcode, which is optimised already; an
// empty path is no runtime. Targets may be built side by side.
Result<std::string> build(std::string_view optimised, const Manifest& manifest,
                          const Target& target, const std::filesystem::path& runtime);

}  // namespace defib::compiler

#endif
