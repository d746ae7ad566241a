// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// CRASH asks for a dump: the guest's kernel panics out of an NMI, boots the kernel that was loaded
// for that, and this one sees the memory of the first.
#include <gtest/gtest.h>

#include <chrono>

#include "engine/base/file.h"
#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/cpio.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;
using lab::Guest;
using lab::GuestUnderTest;
using lab::ok;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

constexpr auto BOOT = 300s;

void load_capture_kernel(Guest& guest) {
    const auto program = MappedFile::open(DEFIB_CAPTURE_PROGRAM);
    ASSERT_TRUE(ok(program));
    lab::CpioWriter archive;
    archive.add_folder("dev");
    archive.add_device("dev/console", 5, 1);
    archive.add_file("init", as_text(program->bytes()), 0755);
    ASSERT_TRUE(ok(guest.write_file("/tmp/initramfs", std::move(archive).finish())));
    ASSERT_TRUE(ok(guest.push_file(DEFIB_CAPTURE_PROGRAM, "/bin/capture")));
    ASSERT_TRUE(ok(guest.push_file(guest.kernel().image(), "/tmp/kernel")));
    const auto loaded = guest.run({"/bin/capture", "/tmp/kernel", "/tmp/initramfs",
                                   "console=ttyS0 nr_cpus=1 reset_devices mitigations=off"});
    ASSERT_TRUE(ok(loaded));
    ASSERT_EQ(loaded->status, 0) << loaded->err;
}

TEST_P(EachKernel, ACrashThatIsAskedForIsDumped) {
    GuestUnderTest guest({.kernel = GetParam(),
                          .ram_megabytes = 1024,
                          .hpet_nmi = true,
                          .command_line = "crashkernel=256M"});
    ASSERT_TRUE(guest.is_up());
    ASSERT_NO_FATAL_FAILURE(load_capture_kernel(*guest));
    auto hooked = HookedGuest::load(*guest, "hpet=1");
    ASSERT_TRUE(ok(hooked));
    ASSERT_TRUE(
        ok(hooked->hook().post({.kind = DEFIB_HOOK_CRASH, .arguments = {DEFIB_HOOK_CRASH_WORD}})));
    // What the first kernel said last did not get onto the serial line any more: it is in the dump.
    EXPECT_TRUE(ok(guest->wait_for_console("capture: a dump of ", BOOT)));
    EXPECT_TRUE(ok(guest->wait_for_console("MB of kernel " + guest->kernel().release, BOOT)));
}

}  // namespace
}  // namespace defib::hook_test
