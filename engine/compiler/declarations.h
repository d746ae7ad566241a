// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_DECLARATIONS_H
#define DEFIB_ENGINE_COMPILER_DECLARATIONS_H

#include <map>

#include "engine/compiler/manifest.h"
#include "engine/compiler/refusal.h"

namespace llvm {
class Function;
class Module;
}  // namespace llvm

namespace defib::compiler {

struct Entry {
    llvm::Function* function = nullptr;
    Routine routine;
};

// The detectors, routines, views and collectors of the module, by name. The annotations that said
// so are removed from it.
std::map<std::string, Entry> take_entries(llvm::Module& module, Refusals& refusals);

}  // namespace defib::compiler

#endif
