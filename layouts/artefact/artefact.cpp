// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/artefact.h"

#include "layouts/artefact/btf_blob.h"
#include "layouts/artefact/bzimage.h"
#include "layouts/artefact/compressed.h"
#include "layouts/artefact/deb.h"
#include "layouts/artefact/kernel_elf.h"
#include "layouts/artefact/memory_image.h"
#include "layouts/btf.h"

namespace defib::layouts {
namespace {

// Every format that defib reads. To add one: a file with its reader, and a line here.
constexpr ArtefactReader READERS[] = {
    {"raw BTF", looks_like_btf, read_btf_blob},
    {"an ELF vmlinux or module", looks_like_kernel_elf, read_kernel_elf},
    {"a vmlinuz", looks_like_bzimage, read_bzimage},
    {"a Debian package of a kernel", looks_like_deb, read_deb},
    {"a vmcore", looks_like_vmcore, read_vmcore},
    {"a compressed module or vmlinux", looks_compressed, read_compressed},
    {nullptr, looks_like_compressed_dump, refuse_compressed_dump},
    {"a RAM file", could_be_ram, read_ram},  // last: it takes what nobody else knows
};

}  // namespace

Result<Artefact> read_artefact(const Input& input, const ReadOptions& options) {
    for (const ArtefactReader& reader : READERS) {
        if (reader.recognises(input.bytes)) return reader.read(input, options);
    }
    std::string known;
    for (const ArtefactReader& reader : READERS) {
        if (!reader.what) continue;  // known, to be refused with advice
        known += known.empty() ? "" : ", ";
        known += reader.what;
    }
    return fail(DEFIB_ERROR_LAYOUT_UNKNOWN_FORMAT, input.object, "", "known are: " + known);
}

Result<Artefact> read_artefact(const std::filesystem::path& path, const ReadOptions& options) {
    auto file = MappedFile::open(path);
    if (!file) return std::unexpected(file.error());
    auto kept = std::make_shared<const MappedFile>(std::move(*file));
    auto artefact = read_artefact(Input{path.string(), path, kept->bytes()}, options);
    if (artefact) artefact->memory.push_back(std::move(kept));
    return artefact;
}

}  // namespace defib::layouts
