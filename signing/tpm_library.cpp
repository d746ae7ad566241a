// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/tpm_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <type_traits>

namespace defib::signing {
namespace {

Result<TpmLibrary> load() {
    // tpm2-tss writes to standard error on its own, also for what is no error here (an index that
    // is not defined yet). Who sets the variable gets its messages.
    ::setenv("TSS2_LOG", "all+none", 0);
    void* esys = ::dlopen("libtss2-esys.so.0", RTLD_NOW | RTLD_LOCAL);
    void* tctildr = ::dlopen("libtss2-tctildr.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!esys || !tctildr) {
        return fail(DEFIB_ERROR_SIGNING_TPM, "libtss2", "cannot be loaded",
                    "install libtss2-esys and libtss2-tctildr, or keep the counters in a file");
    }
    TpmLibrary out;
    const char* missing = nullptr;
    const auto find = [&](void* library, const char* name, auto& call) {
        call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(::dlsym(library, name));
        if (!call) missing = name;
    };
    find(tctildr, "Tss2_TctiLdr_Initialize", out.tcti_initialize);
    find(tctildr, "Tss2_TctiLdr_Finalize", out.tcti_finalize);
    find(esys, "Esys_Initialize", out.initialize);
    find(esys, "Esys_Finalize", out.finalize);
    find(esys, "Esys_Free", out.free);
    find(esys, "Esys_TR_Close", out.close);
    find(esys, "Esys_TR_FromTPMPublic", out.from_public);
    find(esys, "Esys_TR_SetAuth", out.set_auth);
    find(esys, "Esys_NV_DefineSpace", out.nv_define);
    find(esys, "Esys_NV_UndefineSpace", out.nv_undefine);
    find(esys, "Esys_NV_Increment", out.nv_increment);
    find(esys, "Esys_NV_Read", out.nv_read);
    find(esys, "Esys_NV_ReadPublic", out.nv_read_public);
    find(esys, "Esys_NV_Write", out.nv_write);
    find(esys, "Esys_NV_WriteLock", out.nv_write_lock);
    if (missing) {
        return fail(DEFIB_ERROR_SIGNING_TPM, "libtss2", std::string("has no ") + missing);
    }
    return out;
}

}  // namespace

Result<const TpmLibrary*> tpm_library() {
    static const Result<TpmLibrary> LOADED = load();
    if (!LOADED) return std::unexpected(LOADED.error());
    return &*LOADED;
}

}  // namespace defib::signing
