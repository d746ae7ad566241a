// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Finding the kernel by its image.
//
// The compressed symbol table (kallsyms) lies in the image's read-only data and can be told by its
// structure (layouts/artefact/kallsyms.h). Its values are addresses where the kernel runs: KASLR
// relocates the base they count from. What is missing is where the image lies in physical memory:
// it begins at a multiple of 2 MB (CONFIG_PHYSICAL_ALIGN is at least that on x86-64) below the
// table, in one piece, and where the table says linux_banner is, the banner has to be.
//
// Nothing is believed that was found so: page tables and names are checked afterwards as for a page
// of VMCOREINFO (map_x86_64(), is_alive()), and the layout must prove to be this kernel's.
#include "boot/find/from_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "layouts/artefact/identity.h"
#include "layouts/artefact/kallsyms.h"

namespace defib::boot {
namespace {

constexpr uint64_t IMAGE_ALIGNMENT = uint64_t{2} << 20;
constexpr uint64_t MOST_IMAGE = uint64_t{1} << 30;         // KERNEL_IMAGE_SIZE
constexpr uint64_t START_KERNEL_MAP = 0xffffffff80000000;  // __START_KERNEL_map
constexpr size_t MOST_BANNER = 1024;

// Physical memory as one range of the file has it.
struct Piece {
    Bytes bytes;
    uint64_t physical = 0;

    Bytes at(uint64_t address, size_t size) const {
        if (address < physical || address - physical >= bytes.size()) return {};
        const Bytes rest = bytes.subspan(address - physical);
        return rest.first(std::min(size, rest.size()));
    }
    template <class T>
    std::optional<T> value(uint64_t address) const {
        T value{};
        const Bytes there = at(address, sizeof value);
        if (there.size() < sizeof value) return std::nullopt;
        std::memcpy(&value, there.data(), sizeof value);
        return value;
    }
};

class Image {
  public:
    Image(const Piece& piece, const layouts::Kallsyms& symbols, uint64_t table)
        : piece_(piece), symbols_(symbols), table_(table) {}

    // False: no place for the image below its table.
    bool place() {
        const auto banner = offset("linux_banner");
        if (!banner) return false;
        const uint64_t lowest = table_ > MOST_IMAGE ? table_ - MOST_IMAGE : 0;
        for (uint64_t at = table_ & ~(IMAGE_ALIGNMENT - 1); at >= lowest; at -= IMAGE_ALIGNMENT) {
            banner_ = layouts::banner_at(piece_.at(at + *banner, MOST_BANNER));
            if (!banner_.empty()) {
                start_ = at;
                return true;
            }
            if (at < IMAGE_ALIGNMENT) break;
        }
        return false;
    }

    std::optional<layouts::Vmcoreinfo> say() const {
        layouts::KernelIdentity kernel;
        layouts::take_banner(kernel, banner_);
        const auto tables = offset("init_top_pgt");  // swapper_pg_dir is a macro for it
        const auto text = offset("_stext");
        const auto names = offset("init_uts_ns");
        if (!tables || !text || !names || kernel.release.empty()) return std::nullopt;
        const auto variable = [&](const char* name) -> uint64_t {
            const auto place = offset(name);
            return place ? piece_.value<uint64_t>(start_ + *place).value_or(0) : 0;
        };
        const uint64_t base = symbols_.text;
        return layouts::Vmcoreinfo::parse(fmt::format(
            "OSRELEASE={}\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)={:x}\nSYMBOL(_stext)={:x}\n"
            "SYMBOL(init_uts_ns)={:x}\nNUMBER(phys_base)={}\nNUMBER(pgtable_l5_enabled)={}\n"
            "NUMBER(sme_mask)={}\n",
            kernel.release, base + *tables, base + *text, base + *names,
            static_cast<int64_t>(start_ - (base - START_KERNEL_MAP)),
            static_cast<uint32_t>(variable("__pgtable_l5_enabled")) != 0 ? 1 : 0,
            static_cast<int64_t>(variable("sme_me_mask"))));
    }

  private:
    std::optional<uint64_t> offset(const char* name) const {
        const auto found = symbols_.symbols.find(name);
        if (found == symbols_.symbols.end() || found->second.is_absolute) return std::nullopt;
        return static_cast<uint64_t>(found->second.value);
    }

    const Piece& piece_;
    const layouts::Kallsyms& symbols_;
    uint64_t table_;  // physical
    uint64_t start_ = 0;
    std::string banner_;
};

void look_into(const Piece& piece, Bytes extent, const std::string& object,
               std::vector<layouts::Vmcoreinfo>& found) {
    const auto tables = layouts::find_kallsyms(extent, object);
    if (!tables) return;
    const auto symbols = layouts::decode_kallsyms(*tables, object);
    if (!symbols) return;
    const auto within = static_cast<uint64_t>(tables->names.data() - piece.bytes.data());
    Image image(piece, *symbols, piece.physical + within);
    if (!image.place()) return;
    if (auto info = image.say()) found.push_back(std::move(*info));
}

}  // namespace

std::vector<layouts::Vmcoreinfo> vmcoreinfo_from_image(const Target& target) {
    std::vector<layouts::Vmcoreinfo> found;
    const DefibWindow& window = target.windows().front();
    const Bytes file = target.memory().bytes();
    for (uint32_t i = 0; i < window.count; i++) {
        const DefibRange& range = window.ranges[i];
        const size_t start = range.backend - reinterpret_cast<uint64_t>(file.data());
        const Piece piece{file.subspan(start, range.size), range.physical};
        for (const Bytes extent : target.memory().data()) {
            const auto from = static_cast<size_t>(extent.data() - file.data());
            const size_t first = std::max(from, start);
            const size_t end = std::min<size_t>(from + extent.size(), start + range.size);
            if (first < end)
                look_into(piece, file.subspan(first, end - first), target.name(), found);
        }
    }
    return found;
}

}  // namespace defib::boot
