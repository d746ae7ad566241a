// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two guests on one cable, each with RDMA in software (rdma_rxe) over it: the guarded machine,
// which has a snapshot of a real kernel's memory as the target that it guards, and the remote.
#ifndef DEFIB_TESTS_REMOTE_TWO_MACHINES_H
#define DEFIB_TESTS_REMOTE_TWO_MACHINES_H

#include <filesystem>
#include <optional>
#include <string>

#include "tests/lab/cable.h"
#include "tests/lab/guest.h"

namespace defib::remote {

class TwoMachines {
  public:
    // `guarded`: what the first machine is to be besides.
    static Result<std::unique_ptr<TwoMachines>> boot(lab::GuestOptions guarded);
    ~TwoMachines();
    TwoMachines(const TwoMachines&) = delete;
    TwoMachines& operator=(const TwoMachines&) = delete;

    lab::Guest& guarded() { return *guarded_; }
    lab::Guest& remote() { return *remote_; }

    static constexpr const char* ADDRESS = "10.77.0.1:7070";  // of the guarded one
    static constexpr const char* TARGET = "vm:/ram";

  private:
    TwoMachines() = default;

    lab::Cable cable_;
    std::filesystem::path snapshot_;
    std::filesystem::path archive_;
    std::optional<lab::Guest> remote_;
    std::optional<lab::Guest> guarded_;
};

}  // namespace defib::remote

#endif
