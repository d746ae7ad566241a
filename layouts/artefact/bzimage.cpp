// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// x86's boot image (Documentation/arch/x86/boot.rst): the setup's sectors, with a header at 0x1f1,
// then the protected-mode code, in which payload_offset and payload_length (boot protocol 2.08,
// 2.6.26) name the compressed vmlinux.
#include "layouts/artefact/bzimage.h"

#include <zlib.h>

#include <charconv>

#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/decompress.h"
#include "layouts/artefact/kernel_elf.h"

namespace defib::layouts {
namespace {

constexpr uint64_t SETUP_SECTORS = 0x1f1;
constexpr uint64_t SYSTEM_SIZE = 0x1f4;
constexpr uint64_t MAGIC = 0x202;
constexpr uint64_t PROTOCOL = 0x206;
constexpr uint64_t VERSION_POINTER = 0x20e;
constexpr uint64_t PAYLOAD_OFFSET = 0x248;
constexpr uint64_t PAYLOAD_LENGTH = 0x24c;
constexpr uint64_t SECTOR = 512;

// Debian's largest is 66 MiB; a kernel must fit into the 1 GiB that x86 maps it to
// (KERNEL_IMAGE_SIZE).
constexpr size_t MOST_KERNEL_BYTES = size_t{1} << 30;

// xz, zstd, gzip and bzip2 find a damaged payload by sums of their own. lz4's legacy frame has
// none, and a flipped bit in it is another kernel's layout.
bool sums_itself(Bytes payload) {
    return !starts_with(payload, "\x02\x21\x4c\x18") && !starts_with(payload,
                                                                     "\x7f"
                                                                     "ELF");
}

// arch/x86/boot/tools/build.c appends a CRC-32 of the image, until 6.16 (commit 9c54baab4401,
// "x86/boot: Drop CRC-32 checksum and the build tool that generates it").
bool has_sum(std::string_view version) {
    unsigned major = 0;
    unsigned minor = 0;
    const char* end = version.data() + version.size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): `end` bounds it
    const auto [dot, bad] = std::from_chars(version.data(), end, major);
    if (bad != std::errc() || dot == end || *dot != '.') return false;
    if (std::from_chars(dot + 1, end, minor).ec != std::errc()) return false;
    return major < 6 || (major == 6 && minor < 16);
}

// What signing for Secure Boot changes afterwards: the checksum of the optional header of PE32+,
// and the entry of the certificates in its table (PE format, "Optional Header").
void undo_signing(std::vector<std::byte>& image) {
    const uint64_t optional = uint64_t{load32(image, 0x3c)} + 24;
    if (!starts_with(image, "MZ") || !holds(image, optional, 152)) return;
    std::fill_n(image.begin() + static_cast<ptrdiff_t>(optional + 64), 4, std::byte{0});
    std::fill_n(image.begin() + static_cast<ptrdiff_t>(optional + 144), 8, std::byte{0});
}

bool sum_is_right(Bytes image, uint64_t code) {
    const uint64_t end = code + uint64_t{load32(image, SYSTEM_SIZE)} * 16;
    if (end < code + 4 || !holds(image, 0, end)) return false;
    std::vector<std::byte> summed(image.begin(), image.begin() + static_cast<ptrdiff_t>(end - 4));
    undo_signing(summed);
    const auto* bytes = reinterpret_cast<const Bytef*>(summed.data());
    const auto sum = static_cast<uint32_t>(crc32_z(0, bytes, summed.size()));
    return load32(image, end - 4) == ~sum;  // the kernel's build leaves out the last inversion
}

}  // namespace

bool looks_like_bzimage(Bytes head) {
    return head.size() > MAGIC && starts_with(head.subspan(MAGIC), "HdrS");
}

Result<Unpacked> unpack_bzimage(const Input& input) {
    const Bytes image = input.bytes;
    const uint16_t protocol = load16(image, PROTOCOL);
    if (protocol < 0x208) {
        return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, input.object,
                    "a boot image older than Linux 2.6.26");
    }
    uint64_t sectors = load8(image, SETUP_SECTORS);
    if (sectors == 0) sectors = 4;  // boot.rst: 0 means 4
    const uint64_t code = (sectors + 1) * SECTOR;
    const uint64_t offset = code + load32(image, PAYLOAD_OFFSET);
    const uint64_t length = load32(image, PAYLOAD_LENGTH);
    if (!holds(image, offset, length) || length < 4) {
        return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, input.object,
                    "its payload ends at byte " + std::to_string(offset + length) + " of " +
                        std::to_string(image.size()),
                    "fetch it again");
    }
    const Bytes payload = image.subspan(offset, length);
    Unpacked unpacked;
    if (const uint16_t at = load16(image, VERSION_POINTER); at != 0) {
        unpacked.version = text_at(slice(image, at + SECTOR, 256), 0);
    }
    if (!sums_itself(payload) && has_sum(unpacked.version) && !sum_is_right(image, code)) {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, input.object, "its checksum is wrong",
                    "fetch it again");
    }
    if (starts_with(payload,
                    "\x7f"
                    "ELF")) {  // CONFIG_KERNEL_UNCOMPRESSED
        unpacked.kernel.assign(payload.begin(), payload.end());
        return unpacked;
    }
    // The build appends the unpacked size (size_append in scripts/Makefile.lib; gzip has its own).
    const size_t expected = load32(payload, length - 4);
    auto kernel = unpack_all(payload, input.object, MOST_KERNEL_BYTES, expected);
    if (!kernel) return std::unexpected(kernel.error());
    unpacked.kernel = std::move(*kernel);
    return unpacked;
}

Result<Artefact> read_bzimage(const Input& input, const ReadOptions& options) {
    auto unpacked = unpack_bzimage(input);
    if (!unpacked) return std::unexpected(unpacked.error());
    auto kernel = std::make_shared<const std::vector<std::byte>>(std::move(unpacked->kernel));
    auto artefact = read_kernel_elf(Input{input.object, {}, *kernel}, options);
    if (!artefact) return artefact;
    artefact->memory.push_back(std::move(kernel));
    // The header's text begins with the release (arch/x86/boot/version.c). If it names another
    // kernel than the payload, nobody knows which one boots.
    const std::string& release = artefact->kernel.release;
    if (!unpacked->version.empty() && !unpacked->version.starts_with(release)) {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, input.object,
                    "its header names another kernel than " + release + ", which is in it");
    }
    return artefact;
}

}  // namespace defib::layouts
