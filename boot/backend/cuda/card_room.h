// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What one engine has in the card's memory: its state, its workers', and room for what they find.
#ifndef DEFIB_BOOT_BACKEND_CUDA_CARD_ROOM_H
#define DEFIB_BOOT_BACKEND_CUDA_CARD_ROOM_H

#include "boot/backend/cuda/program.h"
#include "engine/abi/engine.h"

namespace defib::boot::cuda {

// A view of 65,536 processes with 400 bytes each, and room.
inline constexpr size_t RECORDS = size_t{64} << 20;

class CardRoom {
  public:
    static Result<CardRoom> make(const ClaimPointer& claim, const Program& program);

    // Copies the state there: `engine`, whose pointers to what lies in the card this fills in, and
    // what hangs on it. `responder` may be null.
    Result<void> fill(const ClaimPointer& claim, DefibEngine& engine, const DefibTarget& target,
                      const DefibJournal& journal, const DefibResponder* responder);

    DevicePointer engine() const { return engine_.get(); }

  private:
    CardRoom() = default;

    unsigned blocks_ = 0;
    unsigned workers_ = 0;
    DeviceMemory engine_;
    DeviceMemory target_;
    DeviceMemory journal_;
    DeviceMemory responder_;
    DeviceMemory team_;
    DeviceMemory crew_;
    DeviceMemory chunks_;
    DeviceMemory groups_;
    DeviceMemory arena_;
    DeviceMemory pool_tags_;
    DeviceMemory pool_words_;
    DeviceMemory worker_records_;
    DeviceMemory objects_;
    DeviceMemory replica_records_;
};

}  // namespace defib::boot::cuda

#endif
