// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Ready-made machine code for one card, so that its driver need not compile the text at start.
#ifndef DEFIB_ENGINE_COMPILER_ASSEMBLE_H
#define DEFIB_ENGINE_COMPILER_ASSEMBLE_H

#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace defib::compiler {

// Has `assembler` (ptxas) make `output` for `processor` ("sm_80") out of a file of PTX. `output` is
// there whole or not at all.
Result<void> assemble(const std::string& assembler, const std::filesystem::path& ptx,
                      const std::string& processor, const std::filesystem::path& output);

}  // namespace defib::compiler

#endif
