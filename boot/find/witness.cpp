// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/witness.h"

#include "engine/runtime/processor.h"
#include "engine/runtime/translate.h"
#include "engine/runtime/window.h"

namespace defib::boot {
namespace {

constexpr uint64_t BIOS_CLOCK = 0x468;  // the aligned word that 0x46c lies in
constexpr uint64_t LAST_ENTRY = 511 * 8;
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
        return place.death == DEFIB_DEATH_NONE && add_physical(place.physical);
    }
    bool add_physical(uint64_t physical) {
        const uint64_t at = runtime::backend_of(memory_.target().window, physical, 8);
        if (at == 0 || responder_.witness_count == DEFIB_WITNESSES) return false;
        responder_.witnesses[responder_.witness_count++] = {physical, runtime::read_any(at, 8)};
        return true;
    }
    KernelMemory& memory() { return memory_; }

  private:
    KernelMemory memory_;
    DefibCache cache_{};
    DefibResponder& responder_;
};

std::optional<uint64_t> offset_of(const layouts::Layout& layout, const char* type,
                                  std::string_view name) {
    const auto structure = layout.structs.find(type);
    if (structure == layout.structs.end()) return std::nullopt;
    for (const auto& member : structure->second.members) {
        if (member.name == name) return member.offset;
    }
    return std::nullopt;
}

// Not there without CONFIG_STACKPROTECTOR.
void add_canary(const Kernel& kernel, const layouts::Layout& layout, Witnesses& witnesses) {
    const auto task = layout.symbols.find("init_task");
    const auto offset = offset_of(layout, "task_struct", "stack_canary");
    if (task == layout.symbols.end() || !offset) return;
    witnesses.add(address_of(kernel, task->second) + *offset);
}

void add_trampoline(const Kernel& kernel, const layouts::Layout& layout, Witnesses& witnesses) {
    const auto symbol = layout.symbols.find("real_mode_header");
    const auto offset = offset_of(layout, "real_mode_header", "trampoline_pgd");
    if (symbol == layout.symbols.end() || !offset) return;
    const auto header = witnesses.memory().read<uint64_t>(address_of(kernel, symbol->second));
    if (!header) return;
    const auto table = witnesses.memory().read<uint32_t>(*header + *offset);
    if (table) witnesses.add_physical(*table + LAST_ENTRY);
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
    add_canary(kernel, layout, witnesses);
    add_trampoline(kernel, layout, witnesses);
    witnesses.add_physical(BIOS_CLOCK);
    return {};
}

void want_witnesses(layouts::Wanted& wanted) {
    wanted.structs["task_struct"].insert("stack_canary");
    wanted.structs["real_mode_header"].insert("trampoline_pgd");
    wanted.symbols.insert("real_mode_header");
}

}  // namespace defib::boot
