// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/run_image.h"

#include <CLI/CLI.hpp>

#include "boot/find/kernel.h"
#include "boot/session/session.h"
#include "image/verify.h"
#include "layouts/layout_json.h"
#include "signing/trust_store.h"

namespace defib::boot {
namespace {

using image::PartType;

Result<image::VerifiedImage> verify(const RunImageArguments& arguments) {
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
    auto file = image::read_image(arguments.image);
    if (!file) return std::unexpected(file.error());
    return image::verify(std::move(*file), request, arguments.image.string());
}

Result<std::string> release_in(const std::string& name) {
    const auto target = Target::open(name, Access::look);
    if (!target) return std::unexpected(target.error());
    const auto kernel = find_kernel(*target);
    if (!kernel) return std::unexpected(kernel.error());
    return kernel->info.release();
}

}  // namespace

void declare_run_image(CLI::App& options, RunImageArguments& arguments) {
    auto* image = options
                      .add_option("--image", arguments.image,
                                  "layout and policy out of this signed image; else this build's "
                                  "own, which nobody has signed")
                      ->type_name("FILE");
    options.add_option("--state", arguments.state, "what this machine trusts")
        ->capture_default_str()
        ->needs(image);
    options
        .add_option("--machine", arguments.machine,
                    "vendor/model/board, where the firmware does not say")
        ->needs(image);
}

Result<RunImage> open_run_image(const RunImageArguments& arguments, const std::string& target) {
    const auto image = verify(arguments);
    if (!image) return std::unexpected(image.error());
    if (as_text(image->part(PartType::manifest)) != routine_set().manifest) {
        return fail(DEFIB_ERROR_APPLIANCE_NO_ENGINE, arguments.image.string(),
                    "its engine is not the one in this program", "start it with defib-boot");
    }
    const auto release = release_in(target);
    if (!release) return std::unexpected(release.error());
    const Bytes json = image->part(PartType::layout_json, *release);
    if (json.empty()) {
        return fail(DEFIB_ERROR_APPLIANCE_NO_LAYOUT, *release, {},
                    "ask the vendor for an image with it, or leave out --image");
    }
    auto layout = layouts::read_layout(as_text(json), "layout of " + *release);
    if (!layout) return std::unexpected(layout.error());
    const Bytes policy = image->part(PartType::policy_source);
    if (policy.empty()) {
        return fail(DEFIB_ERROR_IMAGE_POLICY, arguments.image.string(),
                    "the image has none, so that nothing would be looked for");
    }
    return RunImage{std::string(image->attributes().version), std::move(*layout),
                    std::string(as_text(policy))};
}

}  // namespace defib::boot
