// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib run --image`: the layout and the policy of a signed image, verified as defib-boot would.
// The engine is the one in this program, so an image with another one is not taken: its policy was
// written for that.
#ifndef DEFIB_BOOT_COMMANDS_RUN_IMAGE_H
#define DEFIB_BOOT_COMMANDS_RUN_IMAGE_H

#include <filesystem>
#include <string>

#include "boot/commands/trusted_image.h"
#include "engine/base/result.h"
#include "layouts/layout.h"

namespace CLI {
class App;
}

namespace defib::boot {

struct RunImageArguments {
    std::filesystem::path image;  // empty: this build's own engine and policy
    TrustArguments trust;
};

// --image, --state, --machine.
void declare_run_image(CLI::App& options, RunImageArguments& arguments);

struct RunImage {
    std::string version;
    layouts::Layout layout;  // of the kernel that runs in the target
    std::string policy;      // JSON
};

Result<RunImage> open_run_image(const RunImageArguments& arguments, const std::string& target);

}  // namespace defib::boot

#endif
