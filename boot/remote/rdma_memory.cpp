// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/rdma_memory.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "boot/remote/rdma_way.h"

namespace defib::boot::remote {
namespace {

constexpr size_t AT_A_TIME = size_t{1} << 20;

class RdmaMemory final : public OneSided {
  public:
    RdmaMemory(std::string where, const std::optional<Key>& key)
        : where_(std::move(where)), key_(key) {}

    Result<void> be_connected() {
        if (way_) return {};
        auto way = RdmaWay::connect(where_, key_, buffer_);
        if (!way) return std::unexpected(way.error());
        way_ = std::move(*way);
        return {};
    }

    Result<void> read(uint64_t at, std::span<uint8_t> into) override {
        while (!into.empty()) {
            if (auto there = be_connected(); !there) return there;
            const size_t size = std::min(into.size(), AT_A_TIME);
            const auto place = place_to_read(at, size);
            if (!place) return std::unexpected(place.error());
            if (auto done = way_->read(*place, size); !done) return over(done);
            std::memcpy(into.data(), buffer_.data(), size);
            into = into.subspan(size);
            at += size;
        }
        return {};
    }

    Result<void> write(uint64_t at, std::span<const uint8_t> bytes) override {
        if (auto there = be_connected(); !there) return there;
        const RdmaWelcome& welcome = way_->welcome();
        const auto key = key_to_write(welcome, at, bytes.size());
        if (!key) return fail(DEFIB_ERROR_BASE_USAGE, "the mailbox", "it is not written there");
        std::ranges::copy(bytes, buffer_.begin());
        auto done = way_->write({welcome.mailbox + at, *key}, bytes.size());
        return done ? done : over(done);
    }

  private:
    Result<RdmaPlace> place_to_read(uint64_t at, size_t size) const {
        const RdmaWelcome& welcome = way_->welcome();
        if ((at & TARGET_MEMORY) == 0) return RdmaPlace{welcome.mailbox + at, welcome.mailbox_key};
        const uint64_t physical = at & ~TARGET_MEMORY;
        if (welcome.region_count == 0)
            return fail(DEFIB_ERROR_BOOT_NOT_DONE, where_, "memory is not open here",
                        "start the guard with --serve-memory, and give --key where it has one");
        const RdmaRegion* region = region_of(welcome, physical, size);
        if (region == nullptr)
            return fail(DEFIB_ERROR_BOOT_NOT_DONE, where_, "the target has no memory there");
        return RdmaPlace{region->address + (physical - region->physical), region->key};
    }

    Result<void> over(Result<void> error) {
        way_.reset();
        return error;
    }

    std::string where_;
    std::optional<Key> key_;
    std::vector<uint8_t> buffer_ = std::vector<uint8_t>(AT_A_TIME);
    std::unique_ptr<RdmaWay> way_;
};

}  // namespace

Result<std::unique_ptr<OneSided>> connect_to_rdma(const std::string& where,
                                                  const std::optional<Key>& key) {
    auto memory = std::make_unique<RdmaMemory>(where, key);
    if (auto connected = memory->be_connected(); !connected)
        return std::unexpected(connected.error());
    return memory;
}

}  // namespace defib::boot::remote
