// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// VMCOREINFO: what a kernel lays out in one page of text for whoever reads its memory after a crash
// (kernel/vmcore_info.c; Documentation/admin-guide/kdump/vmcoreinfo.rst).
#ifndef DEFIB_LAYOUTS_ARTEFACT_VMCOREINFO_H
#define DEFIB_LAYOUTS_ARTEFACT_VMCOREINFO_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace defib::layouts {

class Vmcoreinfo {
  public:
    // Nothing, if the text lacks what every x86-64 or arm64 kernel's has.
    static std::optional<Vmcoreinfo> parse(std::string_view text);

    const std::string& release() const { return release_; }
    const std::string& text() const { return text_; }             // all of it, for who passes it on
    std::optional<uint64_t> symbol(std::string_view name) const;  // SYMBOL(name)=hex
    std::optional<int64_t> number(std::string_view name) const;   // NUMBER(name)=decimal
    std::optional<uint64_t> offset(
        std::string_view name) const;                           // OFFSET(structure.member)=decimal
    std::optional<uint64_t> size(std::string_view name) const;  // SIZE(structure)=decimal

  private:
    const std::string* find(std::string_view kind, std::string_view name) const;

    std::optional<uint64_t> unsigned_number(std::string_view kind, std::string_view name) const;

    std::string text_;
    std::string release_;
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace defib::layouts

#endif
