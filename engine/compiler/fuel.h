// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_FUEL_H
#define DEFIB_ENGINE_COMPILER_FUEL_H

#include <vector>

#include "engine/compiler/manifest.h"

namespace llvm {
class Function;
}

namespace defib::compiler {

// Charges every turn of every loop; a routine that is dead or out of fuel returns from there.
std::vector<LoopCost> charge_loops(llvm::Function& function);

}  // namespace defib::compiler

#endif
