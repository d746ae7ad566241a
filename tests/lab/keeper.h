// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whoever starts a QEMU must end it, and remove the RAM file, and may be killed before it can. So
// neither is the business of the lab's own process: a keeper, forked for each guest, creates the
// RAM file, starts QEMU, and waits for the first of two things: QEMU's end, or the end of the lab,
// which it sees as the end of a socket that nobody else holds. Then it kills QEMU and removes the
// file. Terminal signals do not reach it: it is a session of its own.
//
// Should the keeper itself be killed, QEMU dies with it (PR_SET_PDEATHSIG), and the file, on which
// nobody holds a lock any more, is removed when the next guest is started.
//
// Nothing else of a guest has a name in any file system: sockets, disks, kernel messages and
// initramfs are inherited file descriptors.
#ifndef DEFIB_TESTS_LAB_KEEPER_H
#define DEFIB_TESTS_LAB_KEEPER_H

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::lab {

// Descriptor i of `inherited` is FIRST_INHERITED_FD + i in QEMU.
inline constexpr int FIRST_INHERITED_FD = 10;

struct KeeperPlan {
    std::vector<std::string> argv;
    std::vector<int> inherited;
    std::filesystem::path ram_file;  // in a tmpfs; must not exist
    uint64_t ram_bytes = 0;
    int log = -1;  // takes QEMU's standard error
};

class Keeper {
  public:
    static Result<Keeper> start(const KeeperPlan& plan);

    Keeper() = default;
    Keeper(Keeper&& other) noexcept { *this = std::move(other); }
    Keeper& operator=(Keeper&& other) noexcept;
    ~Keeper() { end(); }

    pid_t qemu() const { return qemu_; }
    // Readable once QEMU has ended.
    int socket() const { return socket_.get(); }
    // Ends QEMU and returns when all is gone.
    void end();

  private:
    UniqueFd socket_;
    pid_t pid_ = -1;
    pid_t qemu_ = -1;
};

// A name for a RAM file that no other guest of this machine has.
std::filesystem::path new_ram_file_name();

// Removes the RAM files whose keepers were killed.
void remove_orphans();

}  // namespace defib::lab

#endif
