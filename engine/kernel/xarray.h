// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Walks of an xarray, which is also what is behind radix trees and IDRs:
//
//   for (auto pid : xarray_of(pid, &namespace->idr.idr_rt)) ...
//
// What hangs in an array is the routine's word, so these are found pointers.
//
// A slot holds an object, nothing, a value (bit 0 set) or a node of the tree: then its low bits are
// 10 and it is above 4096 (xa_is_node(), xa_to_node() in include/linux/xarray.h). Nodes know their
// parent and their place in it, so the walk needs no stack: it steps to the next slot, up where a
// node ends, and down to where a subtree starts.
#ifndef DEFIB_ENGINE_KERNEL_XARRAY_H
#define DEFIB_ENGINE_KERNEL_XARRAY_H

#include "engine/kernel/structs.h"

inline constexpr u64 XARRAY_INTERNAL = 2;  // xa_mk_internal()
inline constexpr u64 XARRAY_TAG_MASK = 3;
inline constexpr u64 XARRAY_LEAST_NODE = 4096;

inline bool is_xarray_node(kp<void> entry) {
    const u64 word = address_of(entry);
    return (word & XARRAY_TAG_MASK) == XARRAY_INTERNAL && word > XARRAY_LEAST_NODE;
}
inline kp<xa_node> xarray_node(kp<void> entry) {
    return pointer_from<xa_node>(address_of(entry) & ~XARRAY_TAG_MASK);
}
// Neither empty, nor a value, a retry entry or a sibling.
inline bool is_xarray_object(kp<void> entry) {
    const u64 word = address_of(entry);
    return (word & XARRAY_TAG_MASK) == 0 && word > XARRAY_LEAST_NODE;
}

template <class T>
struct XarrayWalk {
    struct Position {
        kp<xa_node> node;
        u64 slot;
        u64 slots;  // of one node
        kp<void> entry;

        bool operator!=(const Position&) const { return entry != nullptr; }
        kp<T> operator*() const { return pointer_from<T>(address_of(entry)); }
        // From the slot before the next one to look at.
        Position& operator++() {
            entry = nullptr;
            while (node != nullptr) {
                ++slot;
                if (slot >= slots) {
                    slot = node->offset;
                    node = node->parent;
                    continue;
                }
                const kp<void> found = node->slots[slot];
                if (is_xarray_node(found)) {
                    node = xarray_node(found);
                    slot = ~u64{0};
                } else if (is_xarray_object(found)) {
                    entry = found;
                    break;
                }
            }
            return *this;
        }
    };

    kp<void> head;

    Position begin() const {
        if (is_xarray_object(head)) return {nullptr, 0, 0, head};  // one object at index 0
        if (!is_xarray_node(head)) return end();
        const u64 slots = size_of(xa_node, slots) / sizeof(u64);
        Position position{xarray_node(head), ~u64{0}, slots, nullptr};
        return ++position;
    }
    Position end() const { return {nullptr, 0, 0, nullptr}; }
};

#define xarray_of(T, array) (XarrayWalk<T>{(array)->xa_head})

// The nodes of one level of the tree, or what there is below a top that is lower, in the order of
// their indices. An array of one object, at index 0, has none.
struct XarrayNodeWalk {
    struct Position {
        kp<xa_node> node;  // the parent of where the walk is
        u64 slot;
        u64 slots;
        kp<xa_node> leaf;
        u64 level;

        bool operator!=(const Position&) const { return leaf != nullptr; }
        kp<xa_node> operator*() const { return leaf; }
        Position& operator++() {
            leaf = nullptr;
            while (node != nullptr) {
                ++slot;
                if (slot >= slots) {
                    slot = node->offset;
                    node = node->parent;
                    continue;
                }
                const kp<void> found = node->slots[slot];
                if (!is_xarray_node(found)) continue;
                const kp<xa_node> child = xarray_node(found);
                if (child->shift <= level) {
                    leaf = child;
                    break;
                }
                node = child;
                slot = ~u64{0};
            }
            return *this;
        }
    };

    kp<void> head;
    u64 level;  // the nodes' shift

    Position begin() const {
        if (!is_xarray_node(head)) return end();
        const kp<xa_node> top = xarray_node(head);
        if (top->shift <= level) return {nullptr, 0, 0, top, level};
        const u64 slots = size_of(xa_node, slots) / sizeof(u64);
        Position position{top, ~u64{0}, slots, nullptr, level};
        return ++position;
    }
    Position end() const { return {nullptr, 0, 0, nullptr, level}; }
};

// XA_CHUNK_SHIFT, from what a node holds.
inline u64 xarray_chunk_shift() {
    const u64 slots = size_of(xa_node, slots) / sizeof(u64);
    return static_cast<u64>(__builtin_ctzll(slots));
}

// The nodes above the leaves; the leaf itself where there is but one.
#define xarray_twigs_of(array) (XarrayNodeWalk{(array)->xa_head, xarray_chunk_shift()})

inline u64 xarray_slots() {
    return size_of(xa_node, slots) / sizeof(u64);
}

// The object in a slot of a leaf, or null.
template <class T>
inline kp<T> xarray_object_in(kp<xa_node> leaf, u64 slot) {
    const kp<void> entry = leaf->slots[slot];
    return is_xarray_object(entry) ? static_cast<kp<T>>(entry) : nullptr;
}

// The object at an index, or null (xa_load()).
template <class T>
inline kp<T> xarray_at(kp<xarray> array, u64 index) {
    kp<void> entry = array->xa_head;
    const u64 slots = size_of(xa_node, slots) / sizeof(u64);
    // The top node's reach decides whether the index is in the tree at all.
    if (is_xarray_node(entry) && (index >> xarray_node(entry)->shift) >= slots) return nullptr;
    if (!is_xarray_node(entry) && index != 0) return nullptr;
    while (is_xarray_node(entry)) {
        const kp<xa_node> node = xarray_node(entry);
        entry = node->slots[(index >> node->shift) & (slots - 1)];
    }
    return is_xarray_object(entry) ? pointer_from<T>(address_of(entry)) : nullptr;
}

#endif
