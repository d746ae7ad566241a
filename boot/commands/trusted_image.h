// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An image that this machine would start, for commands: verified on the terms of defib-boot, by
// what the machine trusts.
#ifndef DEFIB_BOOT_COMMANDS_TRUSTED_IMAGE_H
#define DEFIB_BOOT_COMMANDS_TRUSTED_IMAGE_H

#include <filesystem>
#include <string>

#include "image/verify.h"

namespace CLI {
class App;
}

namespace defib::boot {

struct TrustArguments {
    std::filesystem::path state = "/var/lib/defib";
    std::string machine;  // vendor/model/board; empty: what the firmware says
};

// --state, --machine.
void declare_trust(CLI::App& options, TrustArguments& arguments);

Result<image::VerifiedImage> verify_as_boot(std::string file, const TrustArguments& arguments,
                                            const std::string& object);

}  // namespace defib::boot

#endif
