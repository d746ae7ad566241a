// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One rule for every symbol table, so that a layout has the same symbols whether they came from
// kallsyms or from an ELF file: of several symbols with one name the global one is meant; several
// local ones with different values are left out, because nothing says which one a reader would
// want.
#ifndef DEFIB_LAYOUTS_ARTEFACT_SYMBOLS_H
#define DEFIB_LAYOUTS_ARTEFACT_SYMBOLS_H

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "layouts/layout.h"

namespace defib::layouts {

using SymbolMap = std::map<std::string, LayoutSymbol>;

enum class SymbolScope : uint8_t { global, local };
enum class SymbolBase : uint8_t { text, absolute };

class SymbolTableBuilder {
  public:
    void reserve(size_t count) {
        found_.reserve(count);
        names_.reserve(count * 24);
    }
    void add(std::string_view name, uint64_t value, SymbolBase base, SymbolScope scope) {
        found_.push_back({static_cast<uint32_t>(names_.size()), static_cast<uint32_t>(name.size()),
                          value, base, scope});
        names_ += name;
    }
    // `text` is the address of _text, from which the others are counted.
    SymbolMap finish(uint64_t text) &&;

  private:
    struct Found {
        uint32_t name_at;
        uint32_t name_length;
        uint64_t value;
        SymbolBase base;
        SymbolScope scope;
    };
    std::string_view name_of(const Found& found) const {
        return std::string_view(names_).substr(found.name_at, found.name_length);
    }

    std::vector<Found> found_;
    std::string names_;  // one after the other: a hundred thousand strings cost more than the sort
};

}  // namespace defib::layouts

#endif
