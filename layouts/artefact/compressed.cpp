// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/compressed.h"

#include <string_view>

#include "layouts/artefact/btf_blob.h"
#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/decompress.h"
#include "layouts/artefact/kernel_elf.h"
#include "layouts/btf.h"

namespace defib::layouts {
namespace {

constexpr size_t MOST_BYTES = size_t{2} << 30;

}  // namespace

// Only what has a mark of three bytes or more: zlib's one byte and lzma's zeros may well be how the
// memory of a machine begins.
bool looks_compressed(Bytes head) {
    using namespace std::string_view_literals;
    for (const std::string_view magic : {"\x1f\x8b\x08"sv, "\xfd\x37zXZ\0"sv, "\x28\xb5\x2f\xfd"sv,
                                         "BZh"sv, "\x02\x21\x4c\x18"sv}) {
        if (starts_with(head, magic)) return true;
    }
    return false;
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
