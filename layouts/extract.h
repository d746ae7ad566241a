// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The whole way from an input to the text of its layout, or of a folder of packages to a folder of
// layouts.
#ifndef DEFIB_LAYOUTS_EXTRACT_H
#define DEFIB_LAYOUTS_EXTRACT_H

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "layouts/artefact/artefact.h"
#include "layouts/layout_builder.h"

namespace defib::layouts {

struct ExtractOptions {
    Selection selection;
    std::vector<std::filesystem::path> headers;  // folders or packages, for the constants
    ReadOptions read;
};

Result<Layout> extract_layout(const std::filesystem::path& input, const ExtractOptions& options);

// The packages in a folder, by name.
Result<std::vector<std::filesystem::path>> packages_in(const std::filesystem::path& folder);

// Called for each package when it is done, from any thread, never two at once. The path is that of
// the layout that was written.
using PackageDone =
    std::function<void(const std::filesystem::path&, const Result<std::filesystem::path>&)>;

// Writes RELEASE.json for each package. How many failed.
size_t extract_packages(const std::vector<std::filesystem::path>& packages,
                        const std::filesystem::path& into, const ExtractOptions& options,
                        const PackageDone& done);

}  // namespace defib::layouts

#endif
