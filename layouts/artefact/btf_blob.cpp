// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A blob says nothing of its kernel but its types: identity is the digest alone.
#include "layouts/artefact/btf_blob.h"

#include "layouts/artefact/identity.h"
#include "layouts/artefact/kernel_elf.h"
#include "layouts/btf.h"

namespace defib::layouts {

Result<Artefact> read_btf_blob(const Input& input, const ReadOptions& options) {
    Artefact artefact;
    Result<TypeGraph> types;
    if (options.base.empty()) {
        types = read_btf(input.bytes, input.object);
    } else {
        auto base = read_base(options);
        if (!base) return std::unexpected(base.error());
        types = read_split_btf(base->btf, input.bytes, input.object);
        artefact.memory = std::move(base->memory);
    }
    if (!types) return std::unexpected(types.error());
    artefact.types = std::move(*types);
    artefact.btf = input.bytes;
    artefact.kernel.btf_digest = digest_of(input.bytes);
    return artefact;
}

}  // namespace defib::layouts
