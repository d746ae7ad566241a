// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace defib::boot::cuda {
namespace {

// The oldest that the text for older cards is written for (cmake/Routines.cmake).
constexpr int LEAST_MAJOR = 5;
// The loop's own block and three for replicas.
constexpr int LEAST_MULTIPROCESSORS = 4;
constexpr uint64_t LEAST_MEMORY = uint64_t{1} << 30;

std::string text_of(const Uuid& uuid) {
    std::string text = "GPU-";
    for (size_t i = 0; i < sizeof uuid.bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
    }
    return text;
}

bool is_same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

std::string names_of(const std::vector<Device>& devices) {
    std::string names;
    for (const Device& device : devices) names += (names.empty() ? "" : ", ") + device.id();
    return names;
}

Result<Device> held_to_what_is_needed(Device device) {
    const auto refuse = [&](std::string what, std::string advice) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, device.id(), std::move(what), std::move(advice));
    };
    if (device.major < LEAST_MAJOR) {
        return refuse(fmt::format("compute capability {}.{}", device.major, device.minor),
                      "use a Maxwell card or a newer one (5.0 and up), or --backend cpu");
    }
    if (device.has_time_limit) {
        return refuse("the driver ends programs that run long there, because it has a display",
                      "move the display to another card, or end the X server that uses this one");
    }
    if (device.compute_mode == COMPUTE_MODE_PROHIBITED) {
        return refuse("its compute mode forbids all programs",
                      "have its owner allow it: nvidia-smi -c EXCLUSIVE_PROCESS");
    }
    if (!device.maps_host_memory) {
        return refuse("it cannot be given memory of this machine", "use another card");
    }
    if (device.multiprocessors < LEAST_MULTIPROCESSORS || device.memory < LEAST_MEMORY) {
        return refuse(fmt::format("{} multiprocessors and {} MB of memory", device.multiprocessors,
                                  device.memory >> 20),
                      fmt::format("use a card with {} and {} MB at least", LEAST_MULTIPROCESSORS,
                                  LEAST_MEMORY >> 20));
    }
    return device;
}

}  // namespace

Result<std::vector<Device>> list_devices(const Driver& driver) {
    const DriverApi& api = driver.api();
    int count = 0;
    if (const Status status = api.device_get_count(&count); status != SUCCESS) {
        return driver.failed(status, "the driver", "it does not say which GPUs there are");
    }
    std::vector<Device> devices;
    for (int ordinal = 0; ordinal < count; ordinal++) {
        Device device;
        Uuid uuid{};
        char text[256] = {};
        size_t memory = 0;
        Status status = api.device_get(&device.number, ordinal);
        const auto also = [&](Status next) {
            if (status == SUCCESS) status = next;
        };
        also(api.device_get_name(text, sizeof text, device.number));
        device.name = text;
        also(api.device_get_pci_bus_id(text, sizeof text, device.number));
        device.pci = text;
        also(api.device_get_uuid(&uuid, device.number));
        device.uuid = text_of(uuid);
        also(api.device_total_memory(&memory, device.number));
        device.memory = memory;
        const auto attribute = [&](Attribute which) {
            int value = 0;
            also(api.device_get_attribute(&value, which, device.number));
            return value;
        };
        device.multiprocessors = attribute(MULTIPROCESSOR_COUNT);
        device.major = attribute(COMPUTE_CAPABILITY_MAJOR);
        device.minor = attribute(COMPUTE_CAPABILITY_MINOR);
        device.compute_mode = attribute(COMPUTE_MODE);
        device.has_time_limit = attribute(KERNEL_EXEC_TIMEOUT) != 0;
        device.has_ecc = attribute(ECC_ENABLED) != 0;
        device.maps_host_memory =
            attribute(CAN_MAP_HOST_MEMORY) != 0 && attribute(HOST_REGISTER_SUPPORTED) != 0;
        device.registers_read_only = attribute(READ_ONLY_HOST_REGISTER_SUPPORTED) != 0;
        if (status != SUCCESS) {
            return driver.failed(status, fmt::format("GPU {}", ordinal), "it cannot be asked");
        }
        devices.push_back(std::move(device));
    }
    return devices;
}

Result<Device> choose_device(const std::vector<Device>& devices, std::string_view wanted) {
    if (devices.empty()) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, "the driver", "it knows no GPU", "use --backend cpu");
    }
    if (wanted.empty()) {
        if (devices.size() == 1) return held_to_what_is_needed(devices.front());
        return fail(DEFIB_ERROR_BOOT_ENGINE, "--gpu", "there are several: " + names_of(devices),
                    "say which one with --gpu");
    }
    const auto found = std::ranges::find_if(devices, [&](const Device& device) {
        return is_same_name(device.uuid, wanted) || is_same_name(device.pci, wanted);
    });
    if (found == devices.end()) {
        return fail(DEFIB_ERROR_BOOT_ENGINE, std::string(wanted),
                    "no GPU has that UUID or PCI address", "there are: " + names_of(devices));
    }
    return held_to_what_is_needed(*found);
}

}  // namespace defib::boot::cuda
