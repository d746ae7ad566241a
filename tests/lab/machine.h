// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_MACHINE_H
#define DEFIB_TESTS_LAB_MACHINE_H

#include <memory>

#include "tests/lab/guest.h"
#include "tests/lab/keeper.h"
#include "tests/lab/link.h"
#include "tests/lab/qmp.h"

namespace defib::lab {

// What a Guest is made of. The order is that of the end, reversed: first the thread that listens,
// then QEMU.
struct Guest::Machine {
    GuestOptions options;
    Kernel kernel;
    std::filesystem::path ram_file;
    UniqueFd log;
    Keeper keeper;
    std::unique_ptr<Qmp> qmp;
    std::unique_ptr<Link> link;

    // Starts QEMU; the kernel has not run yet.
    static Result<std::unique_ptr<Machine>> start(GuestOptions options);
    // Why it is not as it should be: QEMU's own words, or the end of the console.
    std::string last_words() const;
};

// The last lines of a console, without what a terminal would act on.
std::string tail_of(std::string_view console, size_t lines);

}  // namespace defib::lab

#endif
