// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_REMOTE_SHARED_FILE_H
#define DEFIB_BOOT_REMOTE_SHARED_FILE_H

#include "boot/remote/one_sided.h"
#include "engine/abi/remote.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::remote {

// A mailbox in memory: of a file that whoever may write it can ask through, or of nobody's.
class SharedMailbox {
  public:
    // Makes the file, which must not be there, for this user only; it goes with the object.
    static Result<std::unique_ptr<SharedMailbox>> make(const std::string& file);
    static Result<std::unique_ptr<SharedMailbox>> make_private();
    SharedMailbox(const SharedMailbox&) = delete;
    SharedMailbox& operator=(const SharedMailbox&) = delete;
    ~SharedMailbox();

    DefibRemoteMailbox& mailbox() const { return *mailbox_; }

  private:
    SharedMailbox() = default;
    static Result<std::unique_ptr<SharedMailbox>> map(int fd, const std::string& object);

    std::string file_;
    DefibRemoteMailbox* mailbox_ = nullptr;
};

Result<std::unique_ptr<OneSided>> open_shared_file(const std::string& file);

// Memory of this process: what the gateway reads and writes, and tests do.
std::unique_ptr<OneSided> own_memory(DefibRemoteMailbox& mailbox);

}  // namespace defib::boot::remote

#endif
