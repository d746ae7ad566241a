// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "boot/find/kernel.h"
#include "layouts/artefact/identity.h"
#include "layouts/artefact/kallsyms.h"
#include "layouts/btf.h"

namespace defib::boot {
namespace {

constexpr size_t MOST_BTF = size_t{64} << 20;
constexpr size_t MOST_BANNER = 1024;

// VMCOREINFO names the tables since 5.20 (f09bddbd86619bf6213c96142a3b6b6a84818798), for
// CONFIG_KALLSYMS_ALL; without that they are searched for.
std::optional<layouts::KallsymsTables> tables_of(const Kernel& kernel, KernelMemory& memory,
                                                 Bytes image) {
    const auto from = [&](const char* name) -> Bytes {
        const auto address = kernel.info.symbol(name);
        if (!address || *address < kernel.map.linear[1].first) return {};
        const uint64_t at = *address - kernel.map.linear[1].first;
        return at < image.size() ? image.subspan(at) : Bytes{};
    };
    layouts::KallsymsTables tables;
    const auto count = kernel.info.symbol("kallsyms_num_syms");
    const auto base = kernel.info.symbol("kallsyms_relative_base");
    if (!count || !base) return std::nullopt;
    const auto symbols = memory.read<uint32_t>(*count);
    const auto relative_base = memory.read<uint64_t>(*base);
    tables.names = from("kallsyms_names");
    tables.token_table = from("kallsyms_token_table");
    tables.token_index = from("kallsyms_token_index");
    tables.offsets = from("kallsyms_offsets");
    if (!symbols || !relative_base || tables.names.empty() || tables.offsets.empty()) {
        return std::nullopt;
    }
    tables.count = *symbols;
    tables.relative_base = *relative_base;
    return tables;
}

Result<layouts::SymbolMap> symbols_of(const Target& target, const Kernel& kernel,
                                      KernelMemory& memory) {
    const DefibLinear& place = kernel.map.linear[1];
    const Bytes image = memory.piece(place.first, place.size);
    auto tables = tables_of(kernel, memory, image);
    if (!tables) {
        auto found = layouts::find_kallsyms(image, target.name());
        if (!found) return std::unexpected(found.error());
        tables = *found;
    }
    auto kallsyms = layouts::decode_kallsyms(*tables, target.name());
    if (!kallsyms) return std::unexpected(kallsyms.error());
    return std::move(kallsyms->symbols);
}

}  // namespace

Result<layouts::Layout> layout_in_memory(const Target& target, const Kernel& kernel,
                                         const layouts::Selection& selection) {
    KernelMemory memory(kernel.window, kernel.map);
    auto symbols = symbols_of(target, kernel, memory);
    if (!symbols) return std::unexpected(symbols.error());
    const auto at = [&](const char* name) {
        const auto found = symbols->find(name);
        return found == symbols->end() ? 0 : address_of(kernel, found->second);
    };
    const uint64_t start = at("__start_BTF");
    const uint64_t stop = at("__stop_BTF");
    const Bytes btf =
        stop > start && stop - start <= MOST_BTF ? memory.piece(start, stop - start) : Bytes{};
    if (btf.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_NO_TYPES, target.name(), "the kernel carries no BTF",
                    "make a layout from its debug package and name it with --layout");
    }
    const auto graph = layouts::read_btf(btf, target.name());
    if (!graph) return std::unexpected(graph.error());
    auto layout = layouts::build_layout(*graph, selection, target.name());
    if (!layout) return layout;

    layout->kernel.architecture = "x86_64";
    const std::string banner = memory.read_text(at("linux_banner"), MOST_BANNER);
    layouts::take_banner(layout->kernel, layouts::banner_at(as_bytes(banner)));
    layout->kernel.btf_digest = layouts::digest_of(btf);
    layout->kernel.page_table_levels = layouts::possible_page_table_levels("x86_64", *symbols);
    layout->symbols = std::move(*symbols);
    return layout;
}

}  // namespace defib::boot
