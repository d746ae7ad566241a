// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A GPU that this process has claimed: one context, in which waiting costs no CPU time; and what is
// held there, each given back by its own end.
#ifndef DEFIB_BOOT_BACKEND_CUDA_CLAIM_H
#define DEFIB_BOOT_BACKEND_CUDA_CLAIM_H

#include <memory>
#include <utility>

#include "boot/backend/cuda/device.h"

namespace defib::boot::cuda {

class Claim {
  public:
    // The GPU of that UUID or PCI address; with an empty name the only one.
    static Result<std::shared_ptr<const Claim>> take(std::string_view wanted);

    Claim(Driver driver, Device device) : driver_(driver), device_(std::move(device)) {}
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    const Driver& driver() const { return driver_; }
    const DriverApi& api() const { return driver_.api(); }
    const Device& device() const { return device_; }

    // The driver's calls are about the calling thread's context.
    void make_current() const { api().context_set_current(context_); }

    std::unexpected<Error> failed(Status status, const std::string& what,
                                  std::string advice = {}) const {
        return driver_.failed(status, device_.id(), what, std::move(advice));
    }

  private:
    Driver driver_;
    Device device_;
    CUctx_st* context_ = nullptr;
};
using ClaimPointer = std::shared_ptr<const Claim>;

// Something that a claimed GPU holds, and how it is given back.
template <class Handle, auto release>
class Held {
  public:
    Held() = default;
    Held(ClaimPointer claim, Handle handle) : claim_(std::move(claim)), handle_(handle) {}
    Held(Held&& other) noexcept
        : claim_(std::move(other.claim_)), handle_(std::exchange(other.handle_, Handle{})) {}
    Held& operator=(Held&& other) noexcept {
        std::swap(claim_, other.claim_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
        if (claim_ != nullptr && handle_ != Handle{}) (claim_->api().*release)(handle_);
    }

    Handle get() const { return handle_; }

  private:
    ClaimPointer claim_;
    Handle handle_{};
};

using DeviceMemory = Held<DevicePointer, &DriverApi::memory_free>;
using Registration = Held<void*, &DriverApi::host_unregister>;
using Module = Held<CUmod_st*, &DriverApi::module_unload>;
using Stream = Held<CUstream_st*, &DriverApi::stream_destroy>;

// Memory of the GPU, all zero.
Result<DeviceMemory> allocate(const ClaimPointer& claim, size_t size);

// Memory of this machine that both see, all zero. Ordinary pages, so that another process may look
// into it or write there while this one stands.
class SharedMemory {
  public:
    static Result<SharedMemory> make(const ClaimPointer& claim, size_t size);
    // Whole pages that somebody else has, and keeps for longer than this.
    static Result<SharedMemory> of(const ClaimPointer& claim, void* pages, size_t size);

    SharedMemory() = default;
    SharedMemory(SharedMemory&& other) noexcept;
    SharedMemory& operator=(SharedMemory&& other) noexcept;
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    ~SharedMemory();

    // For a GPU that was claimed anew: the same pages, and what is in them.
    Result<void> register_again(const ClaimPointer& claim);
    void unregister() { registration_ = Registration(); }

    void* here() const { return here_; }
    DevicePointer there() const { return there_; }

  private:
    void* here_ = nullptr;
    size_t size_ = 0;
    bool is_ours_ = false;
    DevicePointer there_ = 0;
    Registration registration_;
};

Result<void> to_device(const Claim& claim, DevicePointer to, const void* from, size_t size);

}  // namespace defib::boot::cuda

#endif
