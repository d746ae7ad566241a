// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/tpm_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace defib::signing {
namespace {

// TPM_RC_HANDLE of the first handle: what TPM2_NV_ReadPublic answers when there is no such index.
constexpr TSS2_RC NO_SUCH_INDEX = TPM2_RC_HANDLE | TPM2_RC_1;

}  // namespace

Result<std::unique_ptr<TpmSession>> TpmSession::open(const std::string& tcti) {
    const auto library = tpm_library();
    if (!library) return std::unexpected(library.error());
    std::unique_ptr<TpmSession> session(new TpmSession(**library, tcti));
    const auto no_tpm = [&](const char* what, TSS2_RC status) {
        return fail(DEFIB_ERROR_SIGNING_TPM, tcti, fmt::format("{} (0x{:x})", what, status),
                    "check that there is a TPM 2.0, or keep the counters in a file");
    };
    if (const TSS2_RC rc = (*library)->tcti_initialize(tcti.c_str(), &session->tcti_); rc) {
        return no_tpm("no way to a TPM", rc);
    }
    if (const TSS2_RC rc = (*library)->initialize(&session->esys_, session->tcti_, nullptr); rc) {
        return no_tpm("the TPM does not answer", rc);
    }
    return session;
}

TpmSession::~TpmSession() {
    if (esys_) library_.finalize(&esys_);
    if (tcti_) library_.tcti_finalize(&tcti_);
}

Result<void> TpmSession::check(TSS2_RC status, const char* what, TPM2_HANDLE index) const {
    if (status == TSS2_RC_SUCCESS) return {};
    return fail(DEFIB_ERROR_SIGNING_TPM, tcti_name_,
                fmt::format("cannot {} index 0x{:08x} (0x{:x})", what, index, status));
}

Result<void> TpmSession::authorise_owner(const std::string& secret) {
    TPM2B_AUTH auth{};
    if (secret.size() > sizeof auth.buffer) {
        return fail(DEFIB_ERROR_SIGNING_TPM, tcti_name_, "no TPM has so long an authorisation");
    }
    auth.size = uint16_t(secret.size());
    std::ranges::copy(secret, auth.buffer);
    return check(library_.set_auth(esys_, ESYS_TR_RH_OWNER, &auth), "authorise", 0);
}

Result<ESYS_TR> TpmSession::find(TPM2_HANDLE index) {
    ESYS_TR handle = ESYS_TR_NONE;
    const auto found =
        check(library_.from_public(esys_, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle),
              "find", index);
    if (!found) return std::unexpected(found.error());
    return handle;
}

Result<uint32_t> TpmSession::attributes(TPM2_HANDLE index) {
    ESYS_TR handle = ESYS_TR_NONE;
    TSS2_RC rc =
        library_.from_public(esys_, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle);
    if (rc == NO_SUCH_INDEX) return 0;
    TPM2B_NV_PUBLIC* info = nullptr;
    if (rc == TSS2_RC_SUCCESS) {
        rc = library_.nv_read_public(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &info,
                                     nullptr);
        library_.close(esys_, &handle);
    }
    if (auto ok = check(rc, "look at", index); !ok) return std::unexpected(ok.error());
    const uint32_t attributes = info->nvPublic.attributes;
    library_.free(info);
    return attributes;
}

Result<void> TpmSession::define(TPM2_HANDLE index, uint32_t attributes, uint16_t size) {
    TPM2B_NV_PUBLIC info{};
    info.nvPublic.nvIndex = index;
    info.nvPublic.nameAlg = TPM2_ALG_SHA256;
    info.nvPublic.attributes = attributes;
    info.nvPublic.dataSize = size;
    const TPM2B_AUTH no_auth{};
    ESYS_TR handle = ESYS_TR_NONE;
    const TSS2_RC rc = library_.nv_define(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                          ESYS_TR_NONE, &no_auth, &info, &handle);
    if (rc == TSS2_RC_SUCCESS) library_.close(esys_, &handle);
    return check(rc, "define", index);
}

Result<void> TpmSession::undefine(TPM2_HANDLE index) {
    const auto handle = find(index);
    if (!handle) return std::unexpected(handle.error());
    return check(library_.nv_undefine(esys_, ESYS_TR_RH_OWNER, *handle, ESYS_TR_PASSWORD,
                                      ESYS_TR_NONE, ESYS_TR_NONE),
                 "delete", index);
}

Result<void> TpmSession::increment(TPM2_HANDLE index) {
    auto handle = find(index);
    if (!handle) return std::unexpected(handle.error());
    const TSS2_RC rc = library_.nv_increment(esys_, *handle, *handle, ESYS_TR_PASSWORD,
                                             ESYS_TR_NONE, ESYS_TR_NONE);
    library_.close(esys_, &*handle);
    return check(rc, "increment", index);
}

Result<void> TpmSession::write(TPM2_HANDLE index, std::span<const uint64_t> values) {
    auto handle = find(index);
    if (!handle) return std::unexpected(handle.error());
    TPM2B_MAX_NV_BUFFER data{};
    for (const uint64_t value : values) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            data.buffer[data.size++] = uint8_t(value >> shift);
        }
    }
    const TSS2_RC rc = library_.nv_write(esys_, *handle, *handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &data, 0);
    library_.close(esys_, &*handle);
    return check(rc, "write", index);
}

Result<void> TpmSession::lock(TPM2_HANDLE index) {
    auto handle = find(index);
    if (!handle) return std::unexpected(handle.error());
    const TSS2_RC rc = library_.nv_write_lock(esys_, *handle, *handle, ESYS_TR_PASSWORD,
                                              ESYS_TR_NONE, ESYS_TR_NONE);
    library_.close(esys_, &*handle);
    return check(rc, "lock", index);
}

Result<void> TpmSession::read(TPM2_HANDLE index, std::span<uint64_t> out) {
    auto handle = find(index);
    if (!handle) return std::unexpected(handle.error());
    TPM2B_MAX_NV_BUFFER* data = nullptr;
    const TSS2_RC rc = library_.nv_read(esys_, *handle, *handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                        ESYS_TR_NONE, uint16_t(out.size_bytes()), 0, &data);
    library_.close(esys_, &*handle);
    if (auto ok = check(rc, "read", index); !ok) return ok;
    const bool is_whole = data->size == out.size_bytes();
    for (size_t i = 0; is_whole && i < out.size(); ++i) {
        out[i] = 0;
        for (size_t byte = 0; byte < 8; ++byte) out[i] = out[i] << 8 | data->buffer[i * 8 + byte];
    }
    library_.free(data);
    if (is_whole) return {};
    return fail(DEFIB_ERROR_SIGNING_TPM, tcti_name_,
                fmt::format("index 0x{:08x} has another size", index));
}

}  // namespace defib::signing
