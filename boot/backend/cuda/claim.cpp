// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/claim.h"

#include <fmt/format.h>
#include <sys/mman.h>

namespace defib::boot::cuda {
namespace {

std::unexpected<Error> no_memory(const Claim& claim, Status status, size_t size) {
    return claim.failed(status, fmt::format("no room for {} MB", size >> 20),
                        "end what else uses it, or take a larger card");
}

}  // namespace

Result<ClaimPointer> Claim::take(std::string_view wanted) {
    auto driver = Driver::open();
    if (!driver) return std::unexpected(driver.error());
    auto devices = list_devices(*driver);
    if (!devices) return std::unexpected(devices.error());
    auto device = choose_device(*devices, wanted);
    if (!device) return std::unexpected(device.error());

    auto claim = std::make_shared<Claim>(*driver, std::move(*device));
    const DriverApi& api = claim->api();
    const DeviceNumber number = claim->device_.number;
    api.context_set_flags(number, CONTEXT_BLOCKS_FOR_RESULTS);
    if (const Status status = api.context_retain(&claim->context_, number); status != SUCCESS) {
        claim->context_ = nullptr;
        const char* advice = status == DEVICE_UNAVAILABLE
                                 ? "another program has it for itself: end that, or take another"
                                 : "";
        return claim->failed(status, "it cannot be claimed", advice);
    }
    claim->make_current();
    return claim;
}

Claim::~Claim() {
    if (context_ != nullptr) api().context_release(device_.number);
}

Result<DeviceMemory> allocate(const ClaimPointer& claim, size_t size) {
    DevicePointer pointer = 0;
    const Status status = claim->api().memory_allocate(&pointer, size);
    if (status != SUCCESS) return no_memory(*claim, status, size);
    DeviceMemory memory(claim, pointer);
    if (const Status set = claim->api().memory_set(pointer, 0, size); set != SUCCESS) {
        return claim->failed(set, "its memory cannot be set");
    }
    return memory;
}

Result<SharedMemory> SharedMemory::make(const ClaimPointer& claim, size_t size) {
    void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, fmt::format("{} MB", size >> 20));
    }
    SharedMemory memory;
    memory.here_ = pages;
    memory.size_ = size;
    memory.is_ours_ = true;
    if (auto done = memory.register_again(claim); !done) return std::unexpected(done.error());
    return memory;
}

Result<SharedMemory> SharedMemory::of(const ClaimPointer& claim, void* pages, size_t size) {
    SharedMemory memory;
    memory.here_ = pages;
    memory.size_ = size;
    if (auto done = memory.register_again(claim); !done) return std::unexpected(done.error());
    return memory;
}

Result<void> SharedMemory::register_again(const ClaimPointer& claim) {
    const DriverApi& api = claim->api();
    Status status = api.host_register(here_, size_, HOST_PORTABLE | HOST_DEVICE_MAP);
    if (status == SUCCESS) {
        registration_ = Registration(claim, here_);
        status = api.host_get_device_pointer(&there_, here_, 0);
    }
    if (status != SUCCESS) return no_memory(*claim, status, size_);
    return {};
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept {
    *this = std::move(other);
}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    std::swap(here_, other.here_);
    std::swap(size_, other.size_);
    std::swap(is_ours_, other.is_ours_);
    std::swap(there_, other.there_);
    std::swap(registration_, other.registration_);
    return *this;
}

SharedMemory::~SharedMemory() {
    registration_ = Registration();
    if (is_ours_) munmap(here_, size_);
}

Result<void> to_device(const Claim& claim, DevicePointer to, const void* from, size_t size) {
    const Status status = claim.api().memory_to_device(to, from, size);
    if (status != SUCCESS) return claim.failed(status, "nothing can be copied to it");
    return {};
}

}  // namespace defib::boot::cuda
