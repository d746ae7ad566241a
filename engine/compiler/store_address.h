// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the address of a store is made of, in lowered code.
#ifndef DEFIB_ENGINE_COMPILER_STORE_ADDRESS_H
#define DEFIB_ENGINE_COMPILER_STORE_ADDRESS_H

#include <llvm/IR/Value.h>

namespace defib::compiler {

// True where a number goes into it that was read as nothing but a number: a word that the kernel
// does not say is a pointer, or one that the routine may have stored there itself. What defib_index
// checked, and a choice by such a number, are not meant.
bool has_found_word(const llvm::Value& address);

}  // namespace defib::compiler

#endif
