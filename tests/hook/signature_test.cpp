// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a kernel takes signed modules only (module.sig_enforce=1), the module is refused without a
// signature, with a stranger's, and changed after it was signed; signed with a key that the
// machine's firmware holds, it is taken and serves. Debian's own kernels: they trust the keys in
// UEFI's `db` (the platform keyring). The same on a machine with Secure Boot, started by Debian's
// own shim and GRUB, with the key in shim's list of the owner's keys (MOK) only; there nobody gets
// the memory window.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/hook/each_kernel.h"
#include "tests/hook/hooked_guest.h"
#include "tests/lab/host_program.h"
#include "tests/lab/under_test.h"

namespace defib::hook_test {
namespace {

using lab::ok;
using ::testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, ::testing::Values("6.1", "6.12"), name_of_kernel);

struct Folder {
    Folder() {
        char name[] = "/tmp/defib-signed-XXXXXX";
        path = mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

lab::Outcome insmod(lab::Guest& guest, const std::filesystem::path& module) {
    EXPECT_TRUE(ok(guest.push_file(module, "/tmp/defib_hook.ko")));
    auto outcome = guest.run({"insmod", "/tmp/defib_hook.ko"});
    EXPECT_TRUE(ok(outcome));
    return outcome.value_or(lab::Outcome{});
}

// Signed in each way, with the firmware's variables for it, in that folder.
std::filesystem::path make_signed(const std::string& kernel_name, const Folder& folder) {
    const auto kernel = lab::find_kernel(kernel_name);
    EXPECT_TRUE(ok(kernel));
    if (!kernel) return {};
    const auto module = hook_module(*kernel);
    EXPECT_TRUE(ok(module));
    if (!module) return {};
    EXPECT_TRUE(ok(lab::run_host_program(
        {DEFIB_SIGN_MODULE, module->string(), kernel->headers().string(), folder.path.string()})));
    return *module;
}

void expect_only_the_signed_one_is_taken(lab::Guest& guest, const std::filesystem::path& module,
                                         const Folder& folder) {
    for (const auto& refused : {module, folder.path / "foreign.ko", folder.path / "changed.ko"}) {
        const lab::Outcome outcome = insmod(guest, refused);
        EXPECT_NE(outcome.status, 0) << refused;
        EXPECT_THAT(outcome.err, HasSubstr("Key was rejected")) << refused;
    }
    EXPECT_EQ(insmod(guest, folder.path / "signed.ko").status, 0);
    const auto counts = guest.read_file("/sys/class/misc/defib/requests");
    EXPECT_TRUE(ok(counts));
    const auto log = guest.run({"dmesg"});
    ASSERT_TRUE(ok(log));
    EXPECT_THAT(log->out, HasSubstr("Loaded X.509 cert 'vendor: "));
    EXPECT_THAT(log->out, HasSubstr("defib_hook: serving"));
}

TEST_P(EachKernel, OnlyASignedModuleIsTakenWhereSignaturesAreEnforced) {
    const Folder folder;
    const auto module = make_signed(GetParam(), folder);
    ASSERT_FALSE(module.empty());
    lab::GuestOptions options{.kernel = GetParam()};
    options.uefi_variables = folder.path / "variables.fd";
    // What the lab itself brings is Debian's, and signed by Debian.
    options.command_line = "module.sig_enforce=1";
    lab::GuestUnderTest guest(options);
    ASSERT_TRUE(guest.is_up());
    const auto enforced = guest->read_file("/sys/module/module/parameters/sig_enforce");
    ASSERT_TRUE(ok(enforced));
    ASSERT_EQ(*enforced, "Y\n");
    expect_only_the_signed_one_is_taken(*guest, module, folder);
    EXPECT_TRUE(ok(unload(*guest)));
}

TEST_P(EachKernel, UnderSecureBootAKeyOfTheOwnersIsTakenAndTheWindowStaysShut) {
    const Folder folder;
    const auto module = make_signed(GetParam(), folder);
    ASSERT_FALSE(module.empty());
    lab::GuestOptions options{.kernel = GetParam(), .ram_megabytes = 1024};
    options.uefi_variables = folder.path / "mok.fd";
    options.system_partition = folder.path / "system";
    options.boot_deadline = std::chrono::minutes(10);
    ASSERT_TRUE(ok(lab::run_host_program({DEFIB_FETCH_SHIM, options.system_partition.string()})));
    lab::GuestUnderTest guest(options);
    ASSERT_TRUE(guest.is_up());
    const auto log = guest->run({"dmesg"});
    ASSERT_TRUE(ok(log));
    ASSERT_THAT(log->out, HasSubstr("secureboot: Secure boot enabled"));
    ASSERT_THAT(log->out, HasSubstr("Kernel is locked down from EFI Secure Boot"));
    expect_only_the_signed_one_is_taken(*guest, module, folder);
    const auto program = push_window_probe(*guest);
    ASSERT_TRUE(ok(program));
    const auto opened = guest->run({*program, "open"});
    ASSERT_TRUE(ok(opened));
    EXPECT_EQ(opened->out, "open errno 1\n");
    EXPECT_TRUE(ok(unload(*guest)));
}

}  // namespace
}  // namespace defib::hook_test
