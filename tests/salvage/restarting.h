// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib` itself, brought into a guest that has no libraries.
#ifndef DEFIB_TESTS_SALVAGE_RESTARTING_H
#define DEFIB_TESTS_SALVAGE_RESTARTING_H

#include <string>
#include <vector>

#include "tests/lab/guest.h"

namespace defib::salvage {

// With what it links to, and the loader that finds it there.
Result<void> bring_defib(lab::Guest& guest);
// What starts it with these arguments there.
lab::Argv defib_there(std::vector<std::string> arguments);

// Until the file there has so many bytes.
Result<void> wait_for_size(lab::Guest& guest, const std::string& path, size_t size);

}  // namespace defib::salvage

#endif
