// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/scratch.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/abi/scratch.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t NOTE_BYTES = 2 * PAGE_SIZE;
constexpr uint64_t HEADER_BYTES = 3 * sizeof(uint32_t);  // struct elf64_note
constexpr std::string_view NOTE_NAME("VMCOREINFO", 11);  // with its zero
constexpr uint64_t NAME_BYTES = 12;                      // rounded up to 4
constexpr std::string_view TEXT_START = "OSRELEASE=";

// The note's own words, up to its text: proof that the pointer is the note's.
bool is_note(KernelMemory& memory, uint64_t address) {
    std::array<char, HEADER_BYTES + NAME_BYTES + TEXT_START.size()> start{};
    if (!memory.read(address, start.data(), start.size())) return false;
    uint32_t sizes[2];  // of the name, of the text
    std::memcpy(sizes, start.data(), sizeof sizes);
    const std::string_view text(start.data(), start.size());
    return sizes[0] == NOTE_NAME.size() && sizes[1] <= PAGE_SIZE &&
           text.substr(HEADER_BYTES, NOTE_NAME.size()) == NOTE_NAME &&
           text.substr(HEADER_BYTES + NAME_BYTES) == TEXT_START;
}

}  // namespace

Scratch find_scratch(const Kernel& kernel, const layouts::Layout& layout) {
    const auto symbol = layout.symbols.find("vmcoreinfo_note");
    if (symbol == layout.symbols.end()) return {};
    KernelMemory memory(kernel.window, kernel.map);
    const auto note = memory.read<uint64_t>(address_of(kernel, symbol->second));
    if (!note || *note % PAGE_SIZE != 0 || !is_note(memory, *note)) return {};
    std::array<uint8_t, DEFIB_SCRATCH_SIZE> content{};
    const uint64_t address = *note + NOTE_BYTES - content.size();
    if (!memory.read(address, content.data(), content.size())) return {};
    uint64_t mark = 0;
    std::memcpy(&mark, content.data(), sizeof mark);
    const bool is_unused = std::ranges::all_of(content, [](uint8_t byte) { return byte == 0; });
    if (!is_unused && mark != DEFIB_SCRATCH_MARK) return {};
    return {address, content.size()};
}

}  // namespace defib::boot
