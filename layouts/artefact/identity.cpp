// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/identity.h"

#include <sodium.h>

#include <array>

#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/elf.h"

namespace defib::layouts {
namespace {

constexpr std::string_view BANNER_START = "Linux version ";
constexpr size_t MOST_LINE = 1024;

bool is_printable(char c) {
    return c >= ' ' && c <= '~';
}

// The line that starts here, without its end; empty if it does not end like one.
std::string_view line_at(std::string_view text) {
    size_t length = 0;
    while (length < text.size() && length < MOST_LINE && is_printable(text[length])) ++length;
    const bool ends = length < text.size() && (text[length] == '\n' || text[length] == '\0');
    return ends ? text.substr(0, length) : std::string_view{};
}

bool has_word(std::string_view text, std::string_view word) {
    for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool starts = at == 0 || text[at - 1] == ' ';
        const size_t end = at + word.size();
        if (starts && (end == text.size() || text[end] == ' ')) return true;
    }
    return false;
}

}  // namespace

std::string banner_at(Bytes at_linux_banner) {
    const std::string_view line = line_at(as_text(at_linux_banner));
    return line.starts_with(BANNER_START) ? std::string(line) : std::string{};
}

std::string find_banner(Bytes image) {
    const std::string_view text = as_text(image);
    for (size_t at = text.find(BANNER_START); at != std::string_view::npos;
         at = text.find(BANNER_START, at + 1)) {
        const std::string_view line = line_at(text.substr(at));
        // The image holds several: a format with %s, and since 6.1 one of the build's first link
        // whose version has no number yet ("# SMP", init/version-timestamp.c).
        const size_t number = line.find(" #");
        if (number == std::string_view::npos || number + 2 >= line.size()) continue;
        if (line[number + 2] < '0' || line[number + 2] > '9') continue;
        return std::string(line);
    }
    return {};
}

void take_banner(KernelIdentity& kernel, std::string banner) {
    if (banner.empty()) return;
    std::string_view rest = std::string_view(banner).substr(BANNER_START.size());
    kernel.release = rest.substr(0, rest.find(' '));
    // UTS_VERSION, from '#' on, names the flavour (init/Makefile): "#1 SMP PREEMPT_RT Debian ...".
    // The compiler's own version may hold a '#' too; the kernel's comes last.
    const size_t version = rest.rfind(" #");
    if (version != std::string_view::npos) {
        const std::string_view flavour = rest.substr(version);
        kernel.smp = has_word(flavour, "SMP");
        kernel.preempt_rt = has_word(flavour, "PREEMPT_RT");
    }
    kernel.banner = std::move(banner);
}

void take_vermagic(KernelIdentity& kernel, std::string_view vermagic) {
    if (vermagic.empty()) return;
    if (kernel.release.empty()) kernel.release = vermagic.substr(0, vermagic.find(' '));
    if (!kernel.smp) kernel.smp = has_word(vermagic, "SMP");
    if (!kernel.preempt_rt) kernel.preempt_rt = has_word(vermagic, "preempt_rt");
    // "RANDSTRUCT_<hash of the seed>", up to 5.18 "RANDSTRUCT_PLUGIN_<hash>".
    kernel.randstruct = vermagic.contains("RANDSTRUCT_");
}

std::string_view find_vermagic(Bytes image, std::string_view release) {
    if (release.empty()) return {};
    const std::string_view text = as_text(image);
    for (size_t at = text.find(release); at != std::string_view::npos;
         at = text.find(release, at + 1)) {
        const std::string_view line = line_at(text.substr(at));
        if (line.size() <= release.size() || line[release.size()] != ' ') continue;
        // kernel/module/version.c's string ends in a space, and says one of these on any kernel
        // that can load modules and that we could meet.
        if (!line.ends_with(' ')) continue;
        if (has_word(line, "SMP") || has_word(line, "mod_unload") ||
            has_word(line, "modversions")) {
            return line;
        }
    }
    return {};
}

std::string digest_of(Bytes btf) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(btf.data()),
                       btf.size());
    return "sha256:" + to_hex(std::as_bytes(std::span(digest)));
}

std::vector<int> possible_page_table_levels(std::string_view architecture,
                                            const SymbolMap& symbols) {
    if (architecture != "x86_64" || symbols.empty()) return {};
    // Defined only with CONFIG_X86_5LEVEL: arch/x86/kernel/head64.c;
    // which of both is in use is decided at boot.
    if (symbols.contains("__pgtable_l5_enabled")) return {4, 5};
    return {4};
}

}  // namespace defib::layouts
