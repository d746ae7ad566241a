// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How a kernel marks a page as a slab's differs between versions (a flag up to 6.9, a type since);
// that the slab's cache is on the list of all caches is true of each of them, and proves more.
#include "boot/find/heap_object.h"

#include <fmt/format.h>

#include "boot/find/layout_reader.h"

namespace defib::boot {
namespace {

constexpr uint32_t MOST_CACHES = 65536;
constexpr size_t LONGEST_NAME = 128;
constexpr uint64_t PAGE = 4096;

class Heap {
  public:
    Heap(const Kernel& kernel, const layouts::Layout& layout) : reader_(kernel, layout) {}

    std::string object_at(uint64_t address) {
        const auto direct = reader_.word_at("page_offset_base");
        const auto pages = reader_.word_at("vmemmap_base");
        const auto* page = reader_.structure("page");
        if (!direct || !pages || page == nullptr || page->size == 0 || address < *direct) return {};
        uint64_t head = *pages + (address - *direct) / PAGE * page->size;
        // Bit 0: the rest is the page at the head of its compound (compound_head()).
        const auto link = reader_.word(head, "page", "compound_head");
        if (link && (*link & 1) != 0) head = *link - 1;
        const auto cache = reader_.word(head, "slab", "slab_cache");
        if (head < *pages || !cache || !is_cache(*cache)) return {};
        const auto size = reader_.word(*cache, "kmem_cache", "size");
        const auto name = reader_.word(*cache, "kmem_cache", "name");
        if (!size || *size == 0 || !name) return {};
        const uint64_t first = *direct + (head - *pages) / page->size * PAGE;
        if (address < first) return {};
        return fmt::format("{} object+{:#x}", reader_.memory().read_text(*name, LONGEST_NAME),
                           (address - first) % *size);
    }

  private:
    bool is_cache(uint64_t cache) {
        const auto head = reader_.symbol("slab_caches");
        const auto* list = reader_.member("kmem_cache", "list");
        return head && list != nullptr &&
               reader_.any_of_list(*head, list->offset, MOST_CACHES,
                                   [&](uint64_t one) { return one == cache; });
    }

    LayoutReader reader_;
};

}  // namespace

std::string heap_object_at(const Kernel& kernel, const layouts::Layout& layout, uint64_t address) {
    return Heap(kernel, layout).object_at(address);
}

}  // namespace defib::boot
