// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/trusted_image.h"

#include <CLI/CLI.hpp>

#include "signing/trust_store.h"

namespace defib::boot {

void declare_trust(CLI::App& options, TrustArguments& arguments) {
    options.add_option("--state", arguments.state, "what this machine trusts")
        ->capture_default_str();
    options.add_option("--machine", arguments.machine,
                       "vendor/model/board, where the firmware does not say");
}

Result<image::VerifiedImage> verify_as_boot(std::string file, const TrustArguments& arguments,
                                            const std::string& object) {
    const auto trust = signing::TrustStore::open(arguments.state);
    if (!trust) return std::unexpected(trust.error());
    const auto least = trust->least_security_counter();
    if (!least) return std::unexpected(least.error());
    auto machine = arguments.machine.empty() ? image::read_machine_target()
                                             : image::read_target_id(arguments.machine);
    if (!machine) return std::unexpected(machine.error());
    image::VerifyRequest request;
    request.trusted = &trust->key_set();
    request.least_security_counter = *least;
    request.machine = std::move(*machine);
    auto image = image::verify(std::move(file), request, object);
    if (!image) return image;
    if (auto can = trust->check_confirmable(image->running()); !can) {
        return std::unexpected(can.error());
    }
    return image;
}

}  // namespace defib::boot
