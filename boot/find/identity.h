// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The proof that a target's kernel is the one of a layout, as a thing that can be asked for: only
// prove_identity() makes one, so that whoever takes one cannot be called before.
#ifndef DEFIB_BOOT_FIND_IDENTITY_H
#define DEFIB_BOOT_FIND_IDENTITY_H

#include "boot/target/target.h"

namespace defib::boot {

class Identity {
  public:
    // Proved for this mapping of the target's memory, and as strictly as who writes must.
    bool may_write_to(const Target& target) const {
        return access_ == Access::act && memory_ == target.memory().bytes().data();
    }

  private:
    friend class IdentityProof;
    friend class IdentityForTests;
    Identity(const Target& target, Access access)
        : memory_(target.memory().bytes().data()), access_(access) {}

    const std::byte* memory_;
    Access access_;
};

}  // namespace defib::boot

#endif
