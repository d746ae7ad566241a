// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One RDMA connection to a guard, and reads and writes over it one at a time. After an error it is
// of no use any more.
#ifndef DEFIB_BOOT_REMOTE_RDMA_WAY_H
#define DEFIB_BOOT_REMOTE_RDMA_WAY_H

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "boot/remote/rdma_library.h"
#include "boot/remote/rdma_wire.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::remote {

struct RdmaPlace {
    uint64_t address = 0;
    uint32_t key = 0;
};

class RdmaWay {
  public:
    // `buffer` outlives it: what is read comes there, and what is written is taken from there.
    static Result<std::unique_ptr<RdmaWay>> connect(const std::string& where,
                                                    const std::optional<Key>& key,
                                                    std::span<uint8_t> buffer);

    const RdmaWelcome& welcome() const { return welcome_; }
    Result<void> read(const RdmaPlace& there, size_t size) {
        return carry_out(IBV_WR_RDMA_READ, there, size);
    }
    Result<void> write(const RdmaPlace& there, size_t size) {
        return carry_out(IBV_WR_RDMA_WRITE, there, size);
    }

  private:
    RdmaWay(std::string where, std::span<uint8_t> buffer)
        : where_(std::move(where)), buffer_(buffer) {}
    Result<void> make_queue();
    Result<void> agree(const std::optional<Key>& key);
    Result<void> carry_out(ibv_wr_opcode what, const RdmaPlace& there, size_t size);
    Result<void> told(const ibv_wc& done) const;

    std::string where_;
    std::span<uint8_t> buffer_;
    // Each is given back before what it is made of.
    UniqueFd socket_;
    RdmaPort port_;
    RdmaOwned<ibv_pd> domain_;
    RdmaOwned<ibv_mr> region_;  // of the buffer
    RdmaOwned<ibv_cq> completions_;
    RdmaOwned<ibv_qp> queue_;
    RdmaWelcome welcome_;
};

}  // namespace defib::boot::remote

#endif
