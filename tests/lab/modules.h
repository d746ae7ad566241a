// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_MODULES_H
#define DEFIB_TESTS_LAB_MODULES_H

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace defib::lab {

struct Module {
    std::string name;     // "virtio_pci"
    std::string content;  // the ELF file, decompressed
};

// Those modules and all that they need, in an order in which they can be loaded. `folder` is a
// kernel's lib/modules/RELEASE. What the kernel has built in is left out; a name that it does not
// know is an error.
//
// A package has no modules.dep (depmod writes that when the package is installed), so this reads
// what depmod reads: the "depends=" line that modpost puts into every module.
Result<std::vector<Module>> collect_modules(const std::filesystem::path& folder,
                                            const std::vector<std::string>& names);

// The names behind "depends=" in a module's ELF file.
std::vector<std::string> dependencies_of(std::string_view module);

}  // namespace defib::lab

#endif
