// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a guard answers, and as what a remote asks of memory. The first byte says which
// message it is. What is understood lies within what came.
#include <cstdlib>
#include <cstring>

#include "boot/commands/remote_told.h"
#include "boot/salvage/page_choice.h"
#include "boot/session/session.h"
#include "engine/runtime/processor.h"

namespace {

using namespace defib;
using namespace defib::boot;

constexpr std::string_view MANIFEST = "a manifest";

void must(bool holds) {
    if (!holds) std::abort();
}

void read_a_picture(std::string_view bytes) {
    const auto looks = read_picture(bytes, "it");
    if (!looks) return;
    for (const ToldLook& look : *looks) {
        DefibAnswer answer = look.answer;
        must(answer.records.used == look.records.size());
        answer.records.bytes = reinterpret_cast<uint64_t>(look.records.data());
        must(records_of(answer).size() == answer.records.count);
    }
}

void read_memory(std::string_view bytes) {
    if (bytes.size() < 4) return;
    uint32_t asked = 0;
    std::memcpy(&asked, bytes.data(), sizeof asked);
    asked = asked % DEFIB_REMOTE_PAGES + 1;
    const auto told = read_pages(bytes.substr(4), asked, "it");
    if (told) must(told->pages.size() <= uint64_t{asked} * DEFIB_REMOTE_PAGE);
}

void ask_for_memory(std::string_view bytes) {
    if (bytes.size() < sizeof(DefibRemoteMemory)) return;
    DefibRemoteMemory wanted;
    std::memcpy(&wanted, bytes.data(), sizeof wanted);
    DefibWindow window{};
    window.count = 2;
    window.ranges[0] = {.physical = 0x1000, .size = 0x9f000, .backend = 0x10000000};
    window.ranges[1] = {.physical = 0x100000, .size = 0x1f00000, .backend = 0x20000000};
    const Bytes pages = pages_asked_for(window, wanted);
    if (pages.empty()) return;
    must(pages.size() == uint64_t{wanted.pages} * DEFIB_REMOTE_PAGE);
    const auto at = reinterpret_cast<uint64_t>(pages.data());
    bool is_within = false;
    for (uint32_t i = 0; i < window.count; i++) {
        const DefibRange& range = window.ranges[i];
        is_within =
            is_within || (at >= range.backend && at + pages.size() <= range.backend + range.size);
    }
    must(is_within);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0] % 7) {
        case 0:
            static_cast<void>(read_session(std::string(bytes), MANIFEST, "it"));
            break;
        case 1:
            read_a_picture(bytes);
            break;
        case 2:
            static_cast<void>(read_entries(bytes, "it"));
            break;
        case 3:
            static_cast<void>(read_repair(std::string(bytes), "it"));
            break;
        case 4:
            read_memory(bytes);
            break;
        case 5:
            static_cast<void>(read_runs(std::string(bytes), "it"));
            break;
        default:
            ask_for_memory(bytes);
            break;
    }
    return 0;
}
