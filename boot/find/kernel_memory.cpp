// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/kernel_memory.h"

#include <algorithm>
#include <cstring>

#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"
#include "engine/runtime/window.h"

namespace defib::boot {
namespace {

constexpr size_t PAGE_SIZE = 4096;

size_t to_page_end(uint64_t address) {
    return PAGE_SIZE - address % PAGE_SIZE;
}

}  // namespace

KernelMemory::KernelMemory(const DefibWindow& window, const DefibKernelMap& map)
    : target_(std::make_unique<DefibTarget>()) {
    target_->window = window;
    target_->map = map;
}

bool KernelMemory::read(uint64_t address, void* into, size_t size) {
    auto* to = static_cast<std::byte*>(into);
    while (size > 0) {
        const size_t part = std::min(size, to_page_end(address));
        const runtime::Place place = runtime::translate(*target_, cache_, address, part);
        if (place.death != DEFIB_DEATH_NONE) return false;
        std::memcpy(to, runtime::pointer_to<const std::byte>(place.backend), part);
        to += part;
        address += part;
        size -= part;
    }
    return true;
}

std::string KernelMemory::read_text(uint64_t address, size_t most) {
    std::string text;
    while (text.size() < most) {
        char part[PAGE_SIZE];
        const size_t size = std::min(most - text.size(), to_page_end(address));
        if (!read(address, part, size)) return {};
        const size_t length = strnlen(part, size);
        text.append(part, length);
        if (length < size) break;
        address += size;
    }
    return text;
}

Bytes KernelMemory::piece(uint64_t address, size_t size) {
    if (size == 0) return {};
    const auto first = runtime::translate(*target_, cache_, address, 1);
    const auto last = runtime::translate(*target_, cache_, address + size - 1, 1);
    if (first.death != DEFIB_DEATH_NONE || last.death != DEFIB_DEATH_NONE) return {};
    if (last.physical - first.physical != size - 1) return {};
    if (runtime::backend_of(target_->window, first.physical, size) != first.backend) return {};
    return {runtime::pointer_to<const std::byte>(first.backend), size};
}

}  // namespace defib::boot
