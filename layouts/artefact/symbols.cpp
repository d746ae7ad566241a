// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/symbols.h"

#include <algorithm>
#include <tuple>

namespace defib::layouts {

namespace {

// A variable is no larger than what lies between it and the next symbol of any name.
class Places {
  public:
    void add(uint64_t value) { values_.push_back(value); }
    void sort() {
        // kallsyms come in this order.
        if (!std::ranges::is_sorted(values_)) std::ranges::sort(values_);
    }
    uint64_t room_at(uint64_t value) const {
        const auto next = std::ranges::upper_bound(values_, value);
        return next == values_.end() ? 0 : *next - value;
    }

  private:
    std::vector<uint64_t> values_;
};

}  // namespace

SymbolMap SymbolTableBuilder::finish(uint64_t text) && {
    Places places;
    Places absolute_places;
    for (const Found& found : found_) {
        (found.base == SymbolBase::absolute ? absolute_places : places).add(found.value);
    }
    places.sort();
    absolute_places.sort();
    const auto key = [&](const Found& f) {
        return std::tuple(name_of(f), f.scope, f.value, f.base);
    };
    std::ranges::sort(found_, {}, key);  // globals before locals of the same name
    SymbolMap symbols;
    for (size_t i = 0, next = 0; i < found_.size(); i = next) {
        const Found& first = found_[i];
        bool is_ambiguous = false;
        for (next = i + 1; next < found_.size() && name_of(found_[next]) == name_of(first);
             ++next) {
            const Found& other = found_[next];
            if (other.scope == first.scope &&
                (other.value != first.value || other.base != first.base)) {
                is_ambiguous = true;
            }
        }
        if (is_ambiguous) continue;
        LayoutSymbol symbol;
        symbol.is_absolute = first.base == SymbolBase::absolute;
        symbol.value = static_cast<int64_t>(symbol.is_absolute ? first.value : first.value - text);
        symbol.room = (symbol.is_absolute ? absolute_places : places).room_at(first.value);
        symbols.emplace_hint(symbols.end(), std::string(name_of(first)), symbol);
    }
    return symbols;
}

}  // namespace defib::layouts
