// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/kernel.h"

#include "boot/find/from_image.h"
#include "boot/find/map_x86_64.h"

namespace defib::boot {
namespace {

constexpr size_t UTS_NAMESPACE_BYTES =
    512;  // struct uts_namespace: 6 names of 65 bytes and a little

// init_uts_ns.name.release is what VMCOREINFO calls OSRELEASE. A page that an earlier kernel left
// behind leads to memory that is something else by now.
bool is_alive(const layouts::Vmcoreinfo& info, KernelMemory& memory) {
    const auto names = info.symbol("init_uts_ns");
    if (!names) return false;
    char bytes[UTS_NAMESPACE_BYTES];
    if (!memory.read(*names, bytes, sizeof bytes)) return false;
    const std::string_view text(bytes, sizeof bytes);
    return text.contains("Linux") && text.contains(info.release());
}

// The first of these descriptions that leads to a living kernel, in the window in which it does.
std::optional<Kernel> kernel_of(const Target& target,
                                const std::vector<layouts::Vmcoreinfo>& descriptions) {
    for (const DefibWindow& window : target.windows()) {
        for (const layouts::Vmcoreinfo& info : descriptions) {
            const auto map = map_x86_64(info, window);
            if (!map) continue;
            KernelMemory memory(window, *map);
            if (!is_alive(info, memory)) continue;
            return Kernel{info, window, *map, *info.symbol("_stext")};
        }
    }
    return std::nullopt;
}

}  // namespace

Result<Kernel> find_kernel(const Target& target) {
    const auto pages = find_vmcoreinfo(target);
    if (auto kernel = kernel_of(target, pages)) return *kernel;
    if (auto kernel = kernel_of(target, vmcoreinfo_from_image(target))) return *kernel;
    if (pages.empty()) {
        return fail(DEFIB_ERROR_BOOT_NO_KERNEL, target.name(),
                    "neither VMCOREINFO nor a kernel's symbol table in its memory",
                    "is it a Linux guest's RAM, and has the guest booted?");
    }
    return fail(
        DEFIB_ERROR_BOOT_NO_KERNEL, target.name(),
        "page tables of kernel " + pages.front().release() + " do not lead back to themselves",
        "is the file all of the guest's RAM, and is the guest x86-64?");
}

uint64_t address_of(const Kernel& kernel, const layouts::LayoutSymbol& symbol) {
    const auto value = static_cast<uint64_t>(symbol.value);
    return symbol.is_absolute ? value : kernel.text + value;
}

void complete_map(Kernel& kernel, const layouts::Layout& layout) {
    const auto symbol = layout.symbols.find("vmemmap_base");
    const auto page = layout.structs.find("page");
    if (symbol == layout.symbols.end() || page == layout.structs.end()) return;
    KernelMemory memory(kernel.window, kernel.map);
    const auto base = memory.read<uint64_t>(address_of(kernel, symbol->second));
    if (base) add_vmemmap(kernel.map, kernel.window, *base, page->second.size);
}

}  // namespace defib::boot
