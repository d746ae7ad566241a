// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The C text that clang reads, and what its answers say. Text in, text out: nothing here runs
// anything.
#ifndef DEFIB_LAYOUTS_CONSTANTS_PROBE_H
#define DEFIB_LAYOUTS_CONSTANTS_PROBE_H

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace defib::layouts {

// Only an identifier may be put into C text.
bool is_identifier(std::string_view name);

// Includes every header of kernel_headers.inc that exists.
std::string include_text();

// include_text() and one question for each name.
std::string question_text(std::span<const std::string> names);

// Where each wanted name is defined, from the output of `clang -E -dD`: a macro that takes no
// arguments at its #define, anything else at its first appearance. Names that do not appear are
// absent.
std::map<std::string, std::string, std::less<>> find_definitions(
    std::string_view preprocessed, const std::set<std::string, std::less<>>& wanted);

// The value of each name, from clang's assembly of question_text(names).
std::map<std::string, int64_t> read_answers(std::string_view assembly,
                                            std::span<const std::string> names);

// The names whose question clang could not compile.
std::set<std::string> refused_names(std::string_view errors, std::span<const std::string> names);

// The first error that is about a header, "" where there is none.
std::string first_header_error(std::string_view errors);

}  // namespace defib::layouts

#endif
