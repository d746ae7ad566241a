// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A disk for tests: it can lose its power at any operation, and then has lost of the writes since
// the last flush whatever a real one may lose; and its sectors can wear out.
#ifndef DEFIB_BOOT_SLOTS_SIMULATED_STORAGE_H
#define DEFIB_BOOT_SLOTS_SIMULATED_STORAGE_H

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "boot/slots/storage.h"

namespace defib::boot::testing {

// What is left of the writes that were not flushed when the power goes.
enum class Loss : uint8_t {
    all,               // none of them arrived
    none,              // all of them did
    all_but_the_last,  // only the last one did: the disk wrote it first
    odd_sectors,       // every other sector of each
    torn_in_sector,    // 100 bytes of each, which is less than a record
};
inline constexpr Loss LOSSES[] = {Loss::all, Loss::none, Loss::all_but_the_last, Loss::odd_sectors,
                                  Loss::torn_in_sector};

class SimulatedStorage final : public Storage {
  public:
    explicit SimulatedStorage(uint64_t size) : platter_(size, '\0'), view_(platter_) {}

    // The power goes during the operation (write or flush) with this number, from 1.
    void cut_at(size_t operation) { cut_at_ = operation; }
    bool was_cut() const { return is_off_; }
    size_t operations() const { return operations_; }

    void power_cycle(Loss loss) {
        for (size_t i = 0; i < pending_.size(); ++i) {
            keep(pending_[i], loss, i + 1 == pending_.size());
        }
        pending_.clear();
        view_ = platter_;
        is_off_ = false;
        operations_ = 0;
        cut_at_ = 0;
    }

    // From now on the sector stays as it is; writes to it say that they worked.
    void wear_out(uint64_t sector) { worn_.insert(sector); }
    const std::map<uint64_t, size_t>& writes_per_sector() const { return writes_; }
    void damage(uint64_t offset) { platter_[offset] = view_[offset] = char(view_[offset] ^ 1); }

    uint64_t size() const override { return view_.size(); }
    Result<void> read(uint64_t offset, std::span<std::byte> out) override {
        if (is_off_) return off();
        std::ranges::copy(as_bytes(view_).subspan(offset, out.size()), out.begin());
        return {};
    }
    Result<void> write(uint64_t offset, Bytes bytes) override {
        if (is_off_) return off();
        for (size_t at = 0; at < bytes.size(); at += SECTOR_BYTES) {
            const uint64_t sector = (offset + at) / SECTOR_BYTES;
            ++writes_[sector];
            if (worn_.contains(sector)) continue;
            const Bytes piece = bytes.subspan(at, std::min(SECTOR_BYTES, bytes.size() - at));
            view_.replace(offset + at, piece.size(), as_text(piece));
        }
        pending_.push_back({offset, std::string(as_text(bytes))});
        return count();
    }
    Result<void> flush() override {
        if (is_off_) return off();
        if (auto counted = count(); !counted) return counted;
        platter_ = view_;
        pending_.clear();
        return {};
    }

  private:
    struct Pending {
        uint64_t offset;
        std::string bytes;
    };

    static std::unexpected<Error> off() {
        return fail(DEFIB_ERROR_SLOTS_STORAGE, "disk", "no power");
    }
    Result<void> count() {
        if (++operations_ != cut_at_) return {};
        is_off_ = true;
        return off();
    }
    void keep(const Pending& pending, Loss loss, bool is_last) {
        if (loss == Loss::all || (loss == Loss::all_but_the_last && !is_last)) return;
        for (size_t at = 0; at < pending.bytes.size(); at += SECTOR_BYTES) {
            const uint64_t sector = (pending.offset + at) / SECTOR_BYTES;
            if (worn_.contains(sector)) continue;
            if (loss == Loss::odd_sectors && sector % 2 == 0) continue;
            if (loss == Loss::torn_in_sector && at > 0) return;
            const size_t size = std::min(loss == Loss::torn_in_sector ? 100 : SECTOR_BYTES,
                                         pending.bytes.size() - at);
            platter_.replace(pending.offset + at, size, pending.bytes, at, size);
        }
    }

    std::string platter_;  // what survives the power
    std::string view_;     // what a read gives
    std::vector<Pending> pending_;
    std::set<uint64_t> worn_;
    std::map<uint64_t, size_t> writes_;
    size_t operations_ = 0;
    size_t cut_at_ = 0;
    bool is_off_ = false;
};

}  // namespace defib::boot::testing

#endif
