// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/tpm_library.h"

#include <dlfcn.h>

#include <cstdlib>

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
    TpmLibrary library;
#define DEFIB_TPM_LOAD(from, name)                                                 \
    library.name = reinterpret_cast<decltype(library.name)>(::dlsym(from, #name)); \
    if (!library.name) return fail(DEFIB_ERROR_SIGNING_TPM, "libtss2", "has no " #name);
    DEFIB_TPM_CALLS(DEFIB_TPM_LOAD)
#undef DEFIB_TPM_LOAD
    return library;
}

}  // namespace

Result<const TpmLibrary*> tpm_library() {
    static const Result<TpmLibrary> loaded = load();
    if (!loaded) return std::unexpected(loaded.error());
    return &*loaded;
}

}  // namespace defib::signing
