// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One connection to a TPM, with just the NV commands that counters need.
#ifndef DEFIB_SIGNING_TPM_SESSION_H
#define DEFIB_SIGNING_TPM_SESSION_H

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "signing/tpm_library.h"

namespace defib::signing {

class TpmSession {
  public:
    static Result<std::unique_ptr<TpmSession>> open(const std::string& tcti);

    TpmSession(const TpmSession&) = delete;
    TpmSession& operator=(const TpmSession&) = delete;
    ~TpmSession();

    Result<void> authorise_owner(const std::string& secret);

    // The attributes (TPMA_NV) of an index; 0 when there is no such index.
    Result<uint32_t> attributes(TPM2_HANDLE index);
    Result<void> define(TPM2_HANDLE index, uint32_t attributes, uint16_t size);
    Result<void> undefine(TPM2_HANDLE index);
    Result<void> increment(TPM2_HANDLE index);
    Result<void> write(TPM2_HANDLE index, std::span<const uint64_t> values);
    Result<void> lock(TPM2_HANDLE index);
    // As many big-endian numbers as `out` has places.
    Result<void> read(TPM2_HANDLE index, std::span<uint64_t> out);

  private:
    TpmSession(const TpmLibrary& library, std::string tcti)
        : library_(library), tcti_name_(std::move(tcti)) {}

    Result<ESYS_TR> find(TPM2_HANDLE index);
    Result<void> check(TSS2_RC status, const char* what, TPM2_HANDLE index) const;

    const TpmLibrary& library_;
    std::string tcti_name_;
    TSS2_TCTI_CONTEXT* tcti_ = nullptr;
    ESYS_CONTEXT* esys_ = nullptr;
};

}  // namespace defib::signing

#endif
