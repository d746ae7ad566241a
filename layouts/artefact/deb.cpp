// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A package is an ar archive of debian-binary, control.tar.* and data.tar.* (deb(5)). The data are
// unpacked as a stream and only the kernel is kept: boot/ sorts before lib/modules, so that most of
// a package is never unpacked at all.
#include "layouts/artefact/deb.h"

#include <charconv>
#include <optional>

#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/bzimage.h"
#include "layouts/artefact/decompress.h"
#include "layouts/artefact/kernel_elf.h"
#include "layouts/artefact/tar_stream.h"

namespace defib::layouts {
namespace {

constexpr std::string_view AR_MAGIC = "!<arch>\n";
constexpr uint64_t AR_HEADER = 60;

// A vmlinuz is 15 MiB; an unpacked debug vmlinux 0.6 GiB, with a large configuration 1.5.
constexpr uint64_t MOST_KERNEL_BYTES = uint64_t{4} << 30;

std::string_view trimmed(std::string_view text) {
    const size_t last = text.find_last_not_of(' ');
    return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

Result<Bytes> find_data(const Input& input) {
    uint64_t at = AR_MAGIC.size();
    while (holds(input.bytes, at, AR_HEADER)) {
        const std::string_view header = as_text(input.bytes.subspan(at, AR_HEADER));
        std::string_view name = trimmed(header.substr(0, 16));
        if (name.ends_with('/')) name.remove_suffix(1);
        const std::string_view digits = trimmed(header.substr(48, 10));
        uint64_t size = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), size);
        if (!header.ends_with("`\n") || parsed.ec != std::errc{} ||
            parsed.ptr != digits.data() + digits.size()) {
            return fail(DEFIB_ERROR_LAYOUT_MALFORMED, input.object,
                        "not a package: a broken header", "fetch it again");
        }
        at += AR_HEADER;
        if (!holds(input.bytes, at, size)) {
            return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, input.object,
                        std::string(name) + " ends beyond the end of the file", "fetch it again");
        }
        if (name == "data.tar" || name.starts_with("data.tar.")) {
            return input.bytes.subspan(at, size);
        }
        at += size + (size & 1);
    }
    return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, input.object, "a package without its data.tar",
                "fetch it again");
}

bool is_kernel(const TarEntry& entry) {
    return entry.type == '0' &&
           (entry.name.starts_with("boot/vmlinuz-") || entry.name.starts_with("boot/vmlinux-") ||
            entry.name.starts_with("usr/lib/debug/boot/vmlinux-"));
}

// Not through the table of readers: a package within a package could nest without end.
Result<Artefact> read_kernel(const Input& kernel, const ReadOptions& options) {
    if (looks_like_bzimage(kernel.bytes)) return read_bzimage(kernel, options);
    if (looks_like_kernel_elf(kernel.bytes)) return read_kernel_elf(kernel, options);
    return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, kernel.object, "neither a bzImage nor an ELF file");
}

}  // namespace

bool looks_like_deb(Bytes head) {
    return starts_with(head, AR_MAGIC);
}

Result<Artefact> read_deb(const Input& input, const ReadOptions& options) {
    const auto data = find_data(input);
    if (!data) return std::unexpected(data.error());
    auto unpacker = make_unpacker(*data, input.object);
    if (!unpacker) return std::unexpected(unpacker.error());
    if (!*unpacker) *unpacker = make_copier(*data);
    TarStream tar(**unpacker, input.object);
    while (true) {
        auto entry = tar.next();
        if (!entry) return std::unexpected(entry.error());
        if (entry->type == '\0') {
            return fail(DEFIB_ERROR_LAYOUT_NO_KERNEL, input.object, "a package without a kernel",
                        "linux-image-* packages hold one");
        }
        if (!is_kernel(*entry)) continue;
        auto content = tar.content(MOST_KERNEL_BYTES);
        if (!content) return std::unexpected(content.error());
        auto kernel = std::make_shared<const std::vector<std::byte>>(std::move(*content));
        auto artefact = read_kernel(Input{input.object + ": " + entry->name, {}, *kernel}, options);
        if (artefact) artefact->memory.push_back(std::move(kernel));
        return artefact;
    }
}

}  // namespace defib::layouts
