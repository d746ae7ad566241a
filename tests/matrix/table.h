// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_MATRIX_TABLE_H
#define DEFIB_TESTS_MATRIX_TABLE_H

#include <span>
#include <string>

#include "tests/matrix/result.h"

namespace defib::matrix {

inline constexpr const char* TABLE_BEGINS = "<!-- matrix begins -->\n";
inline constexpr const char* TABLE_ENDS = "<!-- matrix ends -->\n";

// Markdown. Rounds that could not be held are told, and count for nothing.
std::string table_of(std::span<const RoundResult> results);

// `document` with what stands between the markers replaced.
Result<std::string> with_table(std::string_view document, std::string_view table);

}  // namespace defib::matrix

#endif
