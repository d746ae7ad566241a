// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/vmcoreinfo.h"

#include <charconv>

namespace defib::layouts {

std::optional<Vmcoreinfo> Vmcoreinfo::parse(std::string_view text) {
    text = text.substr(0, text.find('\0'));
    if (!text.starts_with("OSRELEASE=")) return std::nullopt;
    Vmcoreinfo info;
    info.text_ = text;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        info.values_.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    info.release_ = info.values_["OSRELEASE"];
    if (info.release_.empty() || !info.symbol("swapper_pg_dir")) return std::nullopt;
    return info;
}

const std::string* Vmcoreinfo::find(std::string_view kind, std::string_view name) const {
    std::string key(kind);
    key.append("(").append(name).append(")");
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
}

std::optional<uint64_t> Vmcoreinfo::symbol(std::string_view name) const {
    const std::string* text = find("SYMBOL", name);
    uint64_t value = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 16);
    return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::optional<int64_t> Vmcoreinfo::number(std::string_view name) const {
    const std::string* text = find("NUMBER", name);
    int64_t value = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 10);
    return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::optional<uint64_t> Vmcoreinfo::unsigned_number(std::string_view kind,
                                                    std::string_view name) const {
    const std::string* text = find(kind, name);
    uint64_t value = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 10);
    return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::optional<uint64_t> Vmcoreinfo::offset(std::string_view name) const {
    return unsigned_number("OFFSET", name);
}

std::optional<uint64_t> Vmcoreinfo::size(std::string_view name) const {
    return unsigned_number("SIZE", name);
}

}  // namespace defib::layouts
