// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_FLATTEN_H
#define DEFIB_ENGINE_COMPILER_FLATTEN_H

#include <map>
#include <string>

#include "engine/compiler/declarations.h"
#include "engine/compiler/refusal.h"

namespace defib::compiler {

// Makes of every entry one function without calls of the set's own functions and, where the source
// allows it, without stack. Refuses recursion first: it could not be inlined.
void flatten(llvm::Module& module, const std::map<std::string, Entry>& entries, Refusals& refusals);

}  // namespace defib::compiler

#endif
