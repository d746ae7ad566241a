// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_CUDA_DRIVER_H
#define DEFIB_BOOT_BACKEND_CUDA_DRIVER_H

#include <memory>
#include <string>

#include "boot/backend/cuda/driver_api.h"
#include "engine/base/result.h"

namespace defib::boot::cuda {

// libcuda, found at run time. It is never unloaded: it has threads of its own.
class Driver {
  public:
    // An error where this machine has none: nothing here can run on a GPU then.
    static Result<Driver> open();

    const DriverApi& api() const { return api_; }

    // What a call answered as an error: about `object`, while doing `what`.
    std::unexpected<Error> failed(Status status, std::string object, const std::string& what,
                                  std::string advice = {}) const;
    // The driver's own name and text for it.
    std::string text_of(Status status) const;

  private:
    DriverApi api_;
};

}  // namespace defib::boot::cuda

#endif
