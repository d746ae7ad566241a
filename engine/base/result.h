// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Errors are values. A function that can fail returns Result<T>; nothing throws across a room's
// border.
#ifndef DEFIB_ENGINE_BASE_RESULT_H
#define DEFIB_ENGINE_BASE_RESULT_H

#include <expected>
#include <string>
#include <utility>

#include "engine/abi/error_code.h"

namespace defib {

using ErrorCode = DefibErrorCode;

// What happened is the code; the rest is for the one line that a person reads.
struct Error {
    ErrorCode code = DEFIB_ERROR_NONE;
    std::string object;  // the file, structure or target it is about
    std::string detail;  // what exactly is wrong with it; may be empty
    std::string advice;  // what to do about it; may be empty
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string object, std::string detail = {},
                                   std::string advice = {}) {
    return std::unexpected(Error{code, std::move(object), std::move(detail), std::move(advice)});
}

// "vmlinuz: truncated: the payload ends at byte 12; fetch the file again"
std::string to_line(const Error& error);

// The exit status of DEFIB_EXIT_* that belongs to the code.
int exit_status(ErrorCode code);

// "LAYOUT_TRUNCATED", for journals and --json.
const char* name(ErrorCode code);

}  // namespace defib

#endif
