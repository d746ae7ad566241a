// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls of tpm2-tss that defib uses, found at run time. Their types come from the headers of
// tpm2-tss, so that a call that does not fit does not compile.
#ifndef DEFIB_SIGNING_TPM_LIBRARY_H
#define DEFIB_SIGNING_TPM_LIBRARY_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "engine/base/result.h"

namespace defib::signing {

struct TpmLibrary {
    decltype(&Tss2_TctiLdr_Initialize) tcti_initialize = nullptr;
    decltype(&Tss2_TctiLdr_Finalize) tcti_finalize = nullptr;
    decltype(&Esys_Initialize) initialize = nullptr;
    decltype(&Esys_Finalize) finalize = nullptr;
    decltype(&Esys_Free) free = nullptr;
    decltype(&Esys_TR_Close) close = nullptr;
    decltype(&Esys_TR_FromTPMPublic) from_public = nullptr;
    decltype(&Esys_TR_SetAuth) set_auth = nullptr;
    decltype(&Esys_NV_DefineSpace) nv_define = nullptr;
    decltype(&Esys_NV_UndefineSpace) nv_undefine = nullptr;
    decltype(&Esys_NV_Increment) nv_increment = nullptr;
    decltype(&Esys_NV_Read) nv_read = nullptr;
    decltype(&Esys_NV_ReadPublic) nv_read_public = nullptr;
    decltype(&Esys_NV_Write) nv_write = nullptr;
    decltype(&Esys_NV_WriteLock) nv_write_lock = nullptr;
};

// Loaded once, never unloaded: tpm2-tss keeps state of its own.
Result<const TpmLibrary*> tpm_library();

}  // namespace defib::signing

#endif
