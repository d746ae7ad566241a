// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/compressed.h"

#include "layouts/artefact/btf_blob.h"
#include "layouts/artefact/decompress.h"
#include "layouts/artefact/kernel_elf.h"
#include "layouts/btf.h"

namespace defib::layouts {
namespace {

constexpr size_t MOST_BYTES = size_t{2} << 30;

}  // namespace

bool looks_compressed(Bytes head) {
    const auto unpacker = make_unpacker(head, "");
    return unpacker && *unpacker != nullptr;
}

Result<Artefact> read_compressed(const Input& input, const ReadOptions& options) {
    auto bytes = unpack_all(input.bytes, input.object, MOST_BYTES, 0);
    if (!bytes) return std::unexpected(bytes.error());
    auto kept = std::make_shared<const std::vector<std::byte>>(std::move(*bytes));
    const Input inner{input.object, {}, *kept};
    Result<Artefact> artefact;
    // Not through the table of readers: packed within packed could nest without end.
    if (looks_like_kernel_elf(*kept)) {
        artefact = read_kernel_elf(inner, options);
    } else if (looks_like_btf(*kept)) {
        artefact = read_btf_blob(inner, options);
    } else {
        return fail(DEFIB_ERROR_LAYOUT_NO_KERNEL, input.object,
                    "what is packed in it is neither an ELF file nor BTF");
    }
    if (artefact) artefact->memory.push_back(std::move(kept));
    return artefact;
}

}  // namespace defib::layouts
