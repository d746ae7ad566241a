// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls of tpm2-tss that defib uses, found at run time. The types come from the headers of
// tpm2-tss, so that a call that does not fit does not compile.
#ifndef DEFIB_SIGNING_TPM_LIBRARY_H
#define DEFIB_SIGNING_TPM_LIBRARY_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "engine/base/result.h"

namespace defib::signing {

// X(library member, function)
#define DEFIB_TPM_CALLS(X)              \
    X(esys, Esys_Initialize)            \
    X(esys, Esys_Finalize)              \
    X(esys, Esys_Free)                  \
    X(esys, Esys_TR_Close)              \
    X(esys, Esys_TR_FromTPMPublic)      \
    X(esys, Esys_TR_SetAuth)            \
    X(esys, Esys_NV_DefineSpace)        \
    X(esys, Esys_NV_UndefineSpace)      \
    X(esys, Esys_NV_Increment)          \
    X(esys, Esys_NV_Read)               \
    X(esys, Esys_NV_ReadPublic)         \
    X(esys, Esys_NV_Write)              \
    X(esys, Esys_NV_WriteLock)          \
    X(tctildr, Tss2_TctiLdr_Initialize) \
    X(tctildr, Tss2_TctiLdr_Finalize)

struct TpmLibrary {
#define DEFIB_TPM_MEMBER(library, name) decltype(&::name) name = nullptr;
    DEFIB_TPM_CALLS(DEFIB_TPM_MEMBER)
#undef DEFIB_TPM_MEMBER
};

// Loaded once, never unloaded: tpm2-tss keeps state of its own.
Result<const TpmLibrary*> tpm_library();

}  // namespace defib::signing

#endif
