// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The whole way from bitcode to what is shipped, as a library: the tool and the tests call it.
#ifndef DEFIB_ENGINE_COMPILER_COMPILE_H
#define DEFIB_ENGINE_COMPILER_COMPILE_H

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
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

struct Companions {
    std::filesystem::path runtime;             // bitcode to link in; empty: none
    std::map<std::string, std::string> texts;  // constants NAME and NAME_size for the host
};

// An optimised copy for the target's processors, verified again, with dispatch and companions. What
// generate() is then asked for may be any processor of the same triple.
Result<std::unique_ptr<llvm::Module>> prepare(const llvm::Module& module, const Manifest& manifest,
                                              const Target& target, const Companions& companions,
                                              Refusals& refusals);

// The same, and emits it.
Result<std::string> build(const llvm::Module& module, const Manifest& manifest,
                          const Target& target, const Companions& companions, Refusals& refusals);

}  // namespace defib::compiler

#endif
