// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/saved_name.h"

#include <fmt/format.h>

namespace defib::boot {
namespace {

constexpr size_t LONGEST = 255;  // NAME_MAX
constexpr size_t KEPT_OF_LONGER = 240;

}  // namespace

std::string saved_name(std::string_view name) {
    if (name.empty()) return "%";
    const bool leads_elsewhere = name == "." || name == "..";
    std::string saved;
    for (const char c : name) {
        if (c == '/' || c == '\0' || leads_elsewhere) {
            saved += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            saved += c;
        }
    }
    if (saved.size() <= LONGEST) return saved;
    saved.resize(KEPT_OF_LONGER);
    return saved + "%~";
}

}  // namespace defib::boot
