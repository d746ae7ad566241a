// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/run_image.h"

#include <CLI/CLI.hpp>

#include "boot/find/kernel.h"
#include "boot/session/session.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

using image::PartType;

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
    declare_trust(options, arguments.trust);
    for (const char* of_it : {"--state", "--machine"}) options.get_option(of_it)->needs(image);
}

Result<RunImage> open_run_image(const RunImageArguments& arguments, const std::string& target) {
    auto file = image::read_image(arguments.image);
    if (!file) return std::unexpected(file.error());
    const auto image = verify_as_boot(std::move(*file), arguments.trust, arguments.image.string());
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
