// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/witness.h"

#include "engine/runtime/translate.h"

namespace defib::boot {
namespace {

constexpr uint32_t BANNER_WORDS =
    12;  // "Linux version 6.12.0-1-amd64 (...) (gcc ...": release and more

class Witnesses {
  public:
    Witnesses(const Kernel& kernel, DefibResponder& responder)
        : memory_(kernel.window, kernel.map), responder_(responder) {
        responder.witness_count = 0;
    }

    bool add(uint64_t address) {
        const auto place = runtime::translate(memory_.target(), cache_, address, 8);
        const auto value = memory_.read<uint64_t>(address);
        if (place.death != DEFIB_DEATH_NONE || !value) return false;
        if (responder_.witness_count == DEFIB_WITNESSES) return false;
        responder_.witnesses[responder_.witness_count++] = {place.physical, *value};
        return true;
    }

  private:
    KernelMemory memory_;
    DefibCache cache_{};
    DefibResponder& responder_;
};

std::optional<uint64_t> canary_of(const Kernel& kernel, const layouts::Layout& layout) {
    const auto task = layout.symbols.find("init_task");
    const auto structure = layout.structs.find("task_struct");
    if (task == layout.symbols.end() || structure == layout.structs.end()) return std::nullopt;
    for (const auto& member : structure->second.members) {
        if (member.name != "stack_canary") continue;
        return address_of(kernel, task->second) + member.offset;
    }
    return std::nullopt;  // CONFIG_STACKPROTECTOR is off
}

}  // namespace

Result<void> choose_witnesses(const Kernel& kernel, const layouts::Layout& layout,
                              DefibResponder& responder) {
    Witnesses witnesses(kernel, responder);
    const auto banner = layout.symbols.find("linux_banner");
    const uint64_t first =
        banner == layout.symbols.end() ? 0 : (address_of(kernel, banner->second) + 7) & ~7ULL;
    for (uint32_t i = 0; i < BANNER_WORDS; i++) {
        if (first != 0 && witnesses.add(first + uint64_t{i} * 8)) continue;
        return fail(DEFIB_ERROR_BOOT_OTHER_KERNEL, kernel.info.release(),
                    "its banner cannot be read, so that a reboot would not be seen");
    }
    if (const auto canary = canary_of(kernel, layout)) witnesses.add(*canary);
    return {};
}

}  // namespace defib::boot
