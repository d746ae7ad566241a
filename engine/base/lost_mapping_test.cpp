// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/lost_mapping.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/abi/error_code.h"
#include "engine/base/unique_fd.h"

namespace defib {
namespace {

constexpr size_t SIZE = 8192;

void read_what_was_cut_off() {
    end_cleanly_on_lost_mapping("defib");
    const UniqueFd file(memfd_create("defib-lost-mapping", MFD_CLOEXEC));
    if (ftruncate(file.get(), SIZE) != 0) _exit(99);
    const auto* bytes = static_cast<const volatile char*>(
        mmap(nullptr, SIZE, PROT_READ, MAP_SHARED, file.get(), 0));
    if (bytes == MAP_FAILED || bytes[SIZE - 1] != 0 || ftruncate(file.get(), 0) != 0) _exit(98);
    _exit(bytes[SIZE - 1] == 0 ? 97 : 96);
}

TEST(LostMapping, EndsTheProgramWithOneLineAndItsStatus) {
    EXPECT_EXIT(read_what_was_cut_off(), testing::ExitedWithCode(DEFIB_EXIT_ENVIRONMENT),
                "^defib: a file became shorter while it was read .*; run it again\n$");
}

TEST(LostMapping, WhoHasChangedTheTerminalPutsItBackBefore) {
    const auto restore_and_read = [] {
        before_lost_mapping_ends(
            [] { [[maybe_unused]] const ssize_t said = write(STDERR_FILENO, "restored, ", 10); });
        read_what_was_cut_off();
    };
    EXPECT_EXIT(restore_and_read(), testing::ExitedWithCode(DEFIB_EXIT_ENVIRONMENT),
                "^restored, defib: a file became shorter");
}

TEST(LostMapping, OtherBusErrorsEndItAsTheyAlwaysDid) {
    const auto raise_one = [] {
        end_cleanly_on_lost_mapping("defib");
        raise(SIGBUS);
        raise(SIGBUS);
    };
    EXPECT_EXIT(raise_one(), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace defib
