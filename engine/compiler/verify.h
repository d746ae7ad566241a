// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_VERIFY_H
#define DEFIB_ENGINE_COMPILER_VERIFY_H

#include <map>
#include <string>

#include "engine/compiler/declarations.h"
#include "engine/compiler/refusal.h"

namespace llvm {
class Function;
class Module;
}  // namespace llvm

namespace defib::compiler {

// Proves of lowered code what engine/README.md promises. Looks at the code alone, so that it can be
// asked again after the optimiser.
// `fields` are the manifest's, by their numbers.
void verify_routine(const llvm::Function& function, const Routine& routine,
                    const std::vector<Field>& fields, Refusals& refusals);

// Every function with a body is a routine of the manifest, and every other is the runtime's.
void verify_module(const llvm::Module& module, const Manifest& manifest, Refusals& refusals);

}  // namespace defib::compiler

#endif
