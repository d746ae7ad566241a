// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_CABLE_H
#define DEFIB_TESTS_LAB_CABLE_H

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "tests/lab/options.h"

namespace defib::lab {

// Between two guests, and nobody else; it has to be there when they boot.
struct Cable {
    UniqueFd first_end;
    UniqueFd second_end;

    CableEnd first() const { return {first_end.get(), 1}; }
    CableEnd second() const { return {second_end.get(), 2}; }
};
Result<Cable> make_cable();

}  // namespace defib::lab

#endif
