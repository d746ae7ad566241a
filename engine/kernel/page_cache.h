// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages that memory holds of a file: mm/filemap.c.
//
// A file's address_space has an xarray of folios by index, the page's number in the file. A folio
// of several pages stands in its first slot, with siblings behind it (since 5.17, 6b24ca4a1a8d).
// What was evicted leaves a value behind: of tmpfs the place in the swap (shmem_swapin_folio()), of
// any other a note of when (mm/workingset.c).
#ifndef DEFIB_ENGINE_KERNEL_PAGE_CACHE_H
#define DEFIB_ENGINE_KERNEL_PAGE_CACHE_H

#include "engine/kernel/files.h"

kernel_struct folio {
    u64 flags;
    kp<address_space> mapping;
    u64 index;
    // Of several pages, in the second one's structure: 6.6 (ebc1baf5c9b4) has the order in
    // `_flags_1`, a byte of its own before.
    u64 _flags_1;
    u8 _folio_order;
};

// Of a page in several blocks, whose file system keeps a state of each (fs/buffer.c).
kernel_struct buffer_head {
    u64 b_state;
    kp<buffer_head> b_this_page;  // the next one's; round, and back to the first
    kp<void> b_page;
    u64 b_size;
};

inline constexpr u64 PAGE_BYTES = 4096;
inline constexpr u64 ORDER_MASK = 0xff;

// include/linux/fs.h: the marks of an address_space's array (PAGECACHE_TAG_DIRTY and _WRITEBACK).
// Two words, for a node has as many slots as a word has bits (XA_MARK_LONGS).
kernel_struct xa_node___marks {
    u64 marks[3];
};

#define page_flag(name) (static_cast<u64>(enum_value(pageflags, name)))
inline bool has_flag(u64 flags, u64 bit) {
    return ((flags >> (bit & 63)) & 1) != 0;
}

// A number of pages; more than the kernel's largest folio has is none.
inline u64 pages_in(kp<folio> one, u64 flags) {
    if (!has_flag(flags, page_flag(PG_head))) return 1;
    const u64 order =
        exists(folio, _folio_order) ? u64{one->_folio_order} : one->_flags_1 & ORDER_MASK;
    return order < 32 ? u64{1} << order : 0;
}

// Where its first page lies in memory: page_to_pfn().
inline u64 physical_address_of(kp<folio> one) {
    const u64 number = (address_of(one) - *symbol(u64, vmemmap_base)) / size_of_type(page);
    return number * PAGE_BYTES;
}

// The state of its first block; what it leads to is one if it leads back. The word is the member
// `private`, which is no name in C++: it has stood behind the index since folios are there.
inline kp<buffer_head> first_block_of(kp<folio> one) {
    return pointer_from<buffer_head>(*pointer_from<const u64>(address_of(&one->index) + 8));
}
inline bool is_block_of(kp<buffer_head> block, kp<folio> one) {
    return address_of(block->b_page) == address_of(one);
}

// Whether it has pages that its disk has not: dirty ones, or such that are on their way.
inline bool has_unsaved_pages(kp<address_space> mapping) {
    const kp<void> head = mapping->i_pages.xa_head;
    if (is_xarray_node(head)) {
        const auto top = pointer_from<xa_node___marks>(address_of(xarray_node(head)));
        return (top->marks[0] | top->marks[1]) != 0;
    }
    if (!is_xarray_object(head)) return false;
    // One page alone has no node, and then no marks but its own flags.
    const u64 flags = pointer_from<folio>(address_of(head))->flags;
    return has_flag(flags, page_flag(PG_dirty)) || has_flag(flags, page_flag(PG_writeback));
}

// What is in a file's array from an index on, in order: folios and values.
struct PageCacheWalk {
    struct Position {
        kp<xa_node> node;
        u64 slot;
        u64 slots;  // of one node
        u64 base;   // the index of the node's first slot
        kp<void> entry;
        u64 index;

        bool operator!=(const Position&) const { return entry != nullptr; }
        const Position& operator*() const { return *this; }
        bool is_folio() const { return is_xarray_object(entry); }
        Position& operator++() {
            entry = nullptr;
            while (node != nullptr) {
                ++slot;
                const u64 shift = node->shift;
                if (slot >= slots) {
                    slot = node->offset;
                    base -= slot << (shift + xarray_chunk_shift());
                    node = node->parent;
                    continue;
                }
                const kp<void> found = node->slots[slot];
                if (is_xarray_node(found)) {
                    base += slot << shift;
                    node = xarray_node(found);
                    slot = ~u64{0};
                } else if (is_xarray_object(found) || (address_of(found) & 1) != 0) {
                    entry = found;
                    index = base + (slot << shift);
                    break;
                }
            }
            return *this;
        }
    };

    kp<void> head;
    u64 first;

    Position begin() const {
        const u64 slots = xarray_slots();
        if (!is_xarray_node(head)) {
            const bool is_there =
                first == 0 && (is_xarray_object(head) || (address_of(head) & 1) != 0);
            return {nullptr, 0, slots, 0, is_there ? head : nullptr, 0};
        }
        Position at{xarray_node(head), 0, slots, 0, nullptr, 0};
        if ((first >> at.node->shift) >= slots) return end();
        for (;;) {
            const u64 shift = at.node->shift;
            at.slot = (first >> shift) & (slots - 1);
            const kp<void> found = at.node->slots[at.slot];
            if (!is_xarray_node(found)) break;
            at.base += at.slot << shift;
            at.node = xarray_node(found);
        }
        --at.slot;
        return ++at;
    }
    Position end() const { return {nullptr, 0, 0, 0, nullptr, 0}; }
};

inline PageCacheWalk pages_from(kp<address_space> mapping, u64 first) {
    return {mapping->i_pages.xa_head, first};
}

#endif
