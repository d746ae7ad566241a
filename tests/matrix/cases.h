// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What defib owes each fault of tests/faults, with the policy that comes along; without the kernel
// module, and where it makes a difference, or must not, with it. What it must find, and what else
// is true of such a machine, stands in tests/detect/expected.cpp.
#ifndef DEFIB_TESTS_MATRIX_CASES_H
#define DEFIB_TESTS_MATRIX_CASES_H

#include <cstdint>
#include <span>
#include <string_view>

namespace defib::matrix {

enum class Outlook : uint8_t {
    ENDED,  // found and ended
    SAID,   // found, and left as it is: data alone cannot end it, or it is nobody's to end
    ALONE,  // no fault at all by the policy's thresholds: whoever acts does harm
};

struct Case {
    const char* name;
    Outlook outlook;
    // How the finding begins that is owed, or several with bars between; nothing where none is.
    const char* finding;
    // How the processes are called that may be touched; empty: none may be.
    const char* victims;
    // Why it cannot be ended, or need not be.
    const char* why;
    // The fault of tests/faults that makes it, where that has another name; on as many CPUs.
    const char* made_by = nullptr;
    unsigned cpus = 0;

    const char* fault() const { return made_by != nullptr ? made_by : name; }
};

std::span<const Case> all_cases();
std::span<const Case> hooked_cases();
// Null: none of that name.
const Case* case_of(std::string_view fault);
const Case* hooked_case_of(std::string_view fault);

}  // namespace defib::matrix

#endif
