// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An identity that nobody proved: for tests on memory in which there is no kernel.
#ifndef DEFIB_BOOT_FIND_IDENTITY_FOR_TESTS_H
#define DEFIB_BOOT_FIND_IDENTITY_FOR_TESTS_H

#include "boot/find/identity.h"

namespace defib::boot {

class IdentityForTests {
  public:
    static Identity of(const Target& target, Access access = Access::act) {
        return {target, access};
    }
};

}  // namespace defib::boot

#endif
