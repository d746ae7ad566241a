// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_REMOTE_RDMA_MEMORY_H
#define DEFIB_BOOT_REMOTE_RDMA_MEMORY_H

#include "boot/remote/authentic.h"
#include "boot/remote/one_sided.h"

namespace defib::boot::remote {

// The remote's end of an RDMA connection. An adapter that did not answer is connected to anew when
// it is asked next, which needs a guard that lives.
Result<std::unique_ptr<OneSided>> connect_to_rdma(const std::string& where,
                                                  const std::optional<Key>& key);

}  // namespace defib::boot::remote

#endif
