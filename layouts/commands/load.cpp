// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/commands/load.h"

#include "engine/base/file.h"
#include "layouts/layout_json.h"

namespace defib::layouts {

Result<Layout> load_layout(const std::string& path) {
    const auto file = MappedFile::open(path);
    if (!file) return std::unexpected(file.error());
    return read_layout(as_text(file->bytes()), path);
}

}  // namespace defib::layouts
