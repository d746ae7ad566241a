// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a core: it is refused in one line, or what is read of it keeps what the restart
// relies on. What a core says of this machine's kernel's code is patched, and nothing beside it.
#include <cstdint>
#include <cstdlib>

#include "boot/restart/criu/images.h"
#include "boot/restart/kernel_code.h"
#include "boot/restart/rebuild.h"

namespace {

void require(bool is_true) {
    if (!is_true) std::abort();
}

// What CRIU would be given: whole pages, each once.
void check_images(const defib::boot::SavedProcess& process) {
    using namespace defib::boot;
    (void)criu::find_all(process);
    criu::FileTable files(criu::Changed::refused);
    require(!criu::memory_of(process, files).bytes().empty());
    (void)criu::descriptors_of(process, files);
    uint64_t end = 0;
    criu::for_each_run(process, [&](uint64_t address, defib::Bytes pages) {
        require(address >= end && !pages.empty() && pages.size() % PAGE_BYTES == 0);
        end = address + pages.size();
    });
    for (const SavedThread& one : process.threads)
        require(!criu::core_of(process, one).bytes().empty());
}

void check(const defib::boot::SavedProcess& process) {
    using namespace defib::boot;
    require(!process.threads.empty() && process.auxiliary.size() % 2 == 0);
    uint64_t at = 0;
    for (const SavedMapping& one : process.mappings) {
        require(one.range.first >= at && one.range.first < one.range.end);
        require(one.range.end <= END_OF_ADDRESSES);
        at = one.range.end;
    }
    at = 0;
    for (const CorePiece& one : process.pieces) {
        require(one.first >= at && one.end() <= END_OF_ADDRESSES && !one.bytes.empty());
        at = one.end();
    }
    for (const SavedThread& one : process.threads) {
        require(one.tid > 0);
        (void)goes_on(process, one);
    }
    (void)compare_kernel_code(process, {});
    check_images(process);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const defib::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto process = defib::boot::read_saved_process(bytes, "core");
    if (process) check(*process);
    const auto made = defib::boot::with_system_calls(bytes);
    require(made.empty() || made.size() == size);
    return 0;
}
