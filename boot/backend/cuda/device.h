// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which GPU runs the engine: the one that is named by UUID or PCI address, or the only one.
#ifndef DEFIB_BOOT_BACKEND_CUDA_DEVICE_H
#define DEFIB_BOOT_BACKEND_CUDA_DEVICE_H

#include <string>
#include <string_view>
#include <vector>

#include "boot/backend/cuda/driver.h"

namespace defib::boot::cuda {

struct Device {
    DeviceNumber number = 0;
    std::string name;  // "NVIDIA H200"
    std::string uuid;  // "GPU-0123..."
    std::string pci;   // "0000:65:00.0"
    uint64_t memory = 0;
    int multiprocessors = 0;
    int major = 0;  // compute capability
    int minor = 0;
    int compute_mode = 0;
    bool has_time_limit = false;
    bool maps_host_memory = false;
    bool registers_read_only = false;
    bool has_ecc = false;

    std::string id() const { return name + " (" + uuid + ", " + pci + ")"; }
};

Result<std::vector<Device>> list_devices(const Driver& driver);

// Picks by UUID or PCI address, in any case; with an empty name the only one. Refuses one that
// cannot run a loop that never ends.
Result<Device> choose_device(const std::vector<Device>& devices, std::string_view wanted);

}  // namespace defib::boot::cuda

#endif
