// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The words that the language's headers, the clang plugin and the tool have to agree on.
#ifndef DEFIB_ENGINE_COMPILER_NAMES_H
#define DEFIB_ENGINE_COMPILER_NAMES_H

namespace defib::compiler {

// The address space of kernel pointers; LLVM gives it no meaning on either processor.
inline constexpr unsigned KERNEL_SPACE = 200;

// Marks a structure that only lies inside of others (kernel_part).
inline constexpr char PART_TAG[] = "defib.part";

// Marks the start of a list (HOLDS); the member that its objects hang by follows.
inline constexpr char HOLDS_TAG[] = "defib.holds ";

// The annotation of DETECTOR, ROUTINE, VIEW and COLLECTOR.
inline constexpr char ENTRY_ANNOTATION[] = "defib";

}  // namespace defib::compiler

#endif
