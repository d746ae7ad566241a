// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/fault.h"

#include <algorithm>
#include <vector>

namespace defib::faults {

std::span<const Fault> all() {
    static const std::vector<Fault> JOINED = [] {
        std::vector<Fault> list;
        for (const auto table : {kernel_faults(), process_faults(), healthy_loads()}) {
            list.insert(list.end(), table.begin(), table.end());
        }
        return list;
    }();
    return JOINED;
}

const Fault* find(std::string_view name) {
    const auto found = std::ranges::find(all(), name, &Fault::name);
    return found == all().end() ? nullptr : &*found;
}

}  // namespace defib::faults
