// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/tpm_counter.h"

#include <fmt/format.h>

#include <array>

#include "signing/tpm_session.h"

namespace defib::signing {
namespace {

// In the range that the TCG leaves to the owner (0x01800000 to 0x01bfffff).
constexpr TPM2_HANDLE BASE_INDEX = 0x018def10;
constexpr std::array<TPM2_HANDLE, COUNTERS> COUNTER_INDEX = {0x018def11, 0x018def12};

// Anybody with access to the TPM may read and count up; a failed authorisation must not lock the
// TPM's other users out (NO_DA).
constexpr uint32_t COMMON =
    TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
constexpr uint32_t COUNTER_ATTRIBUTES = COMMON | (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT);
constexpr uint32_t BASE_ATTRIBUTES = COMMON | TPMA_NV_WRITEDEFINE;

using Values = std::array<uint64_t, COUNTERS>;

// An index with our number that is none of ours would be trusted with values it does not hold.
bool is_ours(uint32_t found, uint32_t wanted) {
    constexpr uint32_t changes_in_use = TPMA_NV_WRITTEN | TPMA_NV_WRITELOCKED;
    return (found & ~changes_in_use) == wanted;
}

Result<void> check_indices(TpmSession& tpm, const std::string& tcti) {
    const auto base = tpm.attributes(BASE_INDEX);
    if (!base) return std::unexpected(base.error());
    if (*base == 0 || !(*base & TPMA_NV_WRITELOCKED)) {
        return fail(DEFIB_ERROR_SIGNING_COUNTER_MISSING, tcti, "the TPM has no counters of defib",
                    "a new machine gets them from defib key trust --first; on any other, somebody "
                    "deleted them");
    }
    bool all_ours = is_ours(*base, BASE_ATTRIBUTES);
    for (const TPM2_HANDLE index : COUNTER_INDEX) {
        const auto found = tpm.attributes(index);
        if (!found) return std::unexpected(found.error());
        all_ours = all_ours && is_ours(*found, COUNTER_ATTRIBUTES);
    }
    if (all_ours) return {};
    return fail(DEFIB_ERROR_SIGNING_COUNTER_DAMAGED, tcti,
                "an index of defib was deleted or defined by somebody else");
}

class TpmCounters final : public CounterStore {
  public:
    TpmCounters(std::unique_ptr<TpmSession> tpm, std::string tcti, const Values& base)
        : tpm_(std::move(tpm)), tcti_(std::move(tcti)), base_(base) {}

    Result<uint64_t> read(Counter counter) override {
        uint64_t raw = 0;
        if (auto ok = tpm_->read(COUNTER_INDEX[size_t(counter)], {&raw, 1}); !ok) {
            return std::unexpected(ok.error());
        }
        if (raw < base_[size_t(counter)]) {
            return fail(DEFIB_ERROR_SIGNING_COUNTER_DAMAGED, where(counter),
                        "it is below the value it started with");
        }
        return raw - base_[size_t(counter)];
    }

    Result<void> check_reach(Counter counter, uint64_t to) override {
        const auto now = read(counter);
        if (!now) return std::unexpected(now.error());
        if (to <= *now || to - *now <= MOST_TPM_STEPS) return {};
        return fail(DEFIB_ERROR_SIGNING_COUNTER_JUMP, where(counter),
                    fmt::format("from {} to {}; {} steps are the most", *now, to, MOST_TPM_STEPS),
                    "fetch one in between, or one whose counter goes up by one at a time");
    }

    Result<void> advance(Counter counter, uint64_t to) override {
        if (auto can = check_reach(counter, to); !can) return can;
        const auto now = read(counter);
        if (!now) return std::unexpected(now.error());
        for (uint64_t value = *now; value < to; ++value) {
            if (auto ok = tpm_->increment(COUNTER_INDEX[size_t(counter)]); !ok) return ok;
        }
        return {};
    }

    std::string where(Counter counter) const override {
        return fmt::format("{}, index 0x{:08x}", tcti_, COUNTER_INDEX[size_t(counter)]);
    }

  private:
    std::unique_ptr<TpmSession> tpm_;
    std::string tcti_;
    Values base_;
};

// A counter has no value until it was incremented once.
Result<uint64_t> make_counter(TpmSession& tpm, TPM2_HANDLE index) {
    const auto attributes = tpm.attributes(index);
    if (!attributes) return std::unexpected(attributes.error());
    if (*attributes == 0) {
        if (auto ok = tpm.define(index, COUNTER_ATTRIBUTES, sizeof(uint64_t)); !ok) {
            return std::unexpected(ok.error());
        }
    }
    if (auto ok = tpm.increment(index); !ok) return std::unexpected(ok.error());
    uint64_t value = 0;
    if (auto ok = tpm.read(index, {&value, 1}); !ok) return std::unexpected(ok.error());
    return value;
}

}  // namespace

Result<void> provision_tpm_counters(const std::string& tcti, const std::string& owner_secret) {
    const auto tpm = TpmSession::open(tcti);
    if (!tpm) return std::unexpected(tpm.error());
    if (auto ok = (*tpm)->authorise_owner(owner_secret); !ok) return ok;
    const auto base = (*tpm)->attributes(BASE_INDEX);
    if (!base) return std::unexpected(base.error());
    if (*base & TPMA_NV_WRITELOCKED) return check_indices(**tpm, tcti);
    // The base is locked last: as long as it is not, nothing was ever counted from it.
    if (*base != 0) {
        if (auto ok = (*tpm)->undefine(BASE_INDEX); !ok) return ok;
    }
    Values values{};
    for (size_t i = 0; i < COUNTERS; ++i) {
        const auto value = make_counter(**tpm, COUNTER_INDEX[i]);
        if (!value) return std::unexpected(value.error());
        values[i] = *value;
    }
    if (auto ok = (*tpm)->define(BASE_INDEX, BASE_ATTRIBUTES, sizeof(Values)); !ok) return ok;
    if (auto ok = (*tpm)->write(BASE_INDEX, values); !ok) return ok;
    return (*tpm)->lock(BASE_INDEX);
}

Result<std::unique_ptr<CounterStore>> open_tpm_counters(const std::string& tcti) {
    auto tpm = TpmSession::open(tcti);
    if (!tpm) return std::unexpected(tpm.error());
    if (auto ok = check_indices(**tpm, tcti); !ok) return std::unexpected(ok.error());
    Values base{};
    if (auto ok = (*tpm)->read(BASE_INDEX, base); !ok) return std::unexpected(ok.error());
    return std::make_unique<TpmCounters>(std::move(*tpm), tcti, base);
}

}  // namespace defib::signing
