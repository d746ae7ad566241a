// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_TWINS_H
#define DEFIB_ENGINE_COMPILER_TWINS_H

namespace llvm {
class Function;
}

namespace defib::compiler {

// Makes what the two processors do differently the same on both.
void make_twins_agree(llvm::Function& function);

}  // namespace defib::compiler

#endif
