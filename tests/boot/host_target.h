// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What tests share whose guest guards itself: the programs, the image and the kernel module in it.
#ifndef DEFIB_TESTS_BOOT_HOST_TARGET_H
#define DEFIB_TESTS_BOOT_HOST_TARGET_H

#include "tests/boot/appliance_under_test.h"
#include "tests/faults/with_libraries.h"
#include "tests/hook/hooked_guest.h"

namespace defib::boot {

class HostTarget : public ApplianceUnderTest {
  protected:
    // Programs, keys, image and the module; the machine trusts the keys.
    void bring_all(lab::Guest& guest) {
        for (const char* program : {DEFIB_PROGRAM, DEFIB_BOOT_PROGRAM}) {
            ASSERT_TRUE(ok(faults::push_with_libraries(guest, program)));
        }
        for (const char* file : {"image", "keys"}) {
            ASSERT_TRUE(ok(guest.push_file(trust() / file, std::string("/") + file)));
        }
        shell(guest, "mkdir -p /etc; echo 0123456789abcdef0123456789abcdef >/etc/machine-id");
        const auto trusted =
            guest.run({DEFIB_PROGRAM, "key", "trust", "/keys", "--first", "--state", "/state"});
        ASSERT_TRUE(ok(trusted));
        ASSERT_EQ(trusted->status, 0) << trusted->err;
        const auto module = hook_test::hook_module(guest.kernel());
        ASSERT_TRUE(ok(module));
        ASSERT_TRUE(ok(guest.load_module(*module)));
    }

    static std::string say(lab::Guest& guest, pid_t pid) {
        const auto state = guest.state_of(pid);
        return state ? state->err : to_line(state.error());
    }

    static std::string shell(lab::Guest& guest, const std::string& script) {
        const auto outcome = guest.run({"sh", "-c", script + " 2>&1"});
        return outcome ? outcome->out : to_line(outcome.error());
    }
};

}  // namespace defib::boot

#endif
