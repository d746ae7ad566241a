// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_MATRIX_ROUND_H
#define DEFIB_TESTS_MATRIX_ROUND_H

#include <chrono>
#include <filesystem>

#include "tests/matrix/result.h"

namespace defib::matrix {

// One round: a fresh guest, innocents and a workload in it, `defib run` beside it with the policy
// that comes along; the fault strikes; what became of it. Where the round itself could not be held
// (no guest, no injection) `error` says why.
RoundResult hold_round(const Round& round, const std::filesystem::path& defib);

// A healthy load for so long, again and again where it ends.
RoundResult hold_healthy(const Round& round, const std::filesystem::path& defib,
                         std::chrono::seconds time);

}  // namespace defib::matrix

#endif
