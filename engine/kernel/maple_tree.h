// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A maple tree (VMAs of a process, IRQ descriptors), in order of index, read only:
//
//   for (auto area : maple_of(vm_area_struct, &mm->mm_mt)) ...
//
// lib/maple_tree.c: a pointer to a node has its type in bits 3 to 6 and is aligned to 256 bytes
// (mte_node_type(), mte_to_node()); a node has one slot more than pivots, and slot i holds what is
// at the indices up to pivot i. The walk goes from the root to the next index each time: a few
// reads more than climbing, and no stack, and it does not follow a parent that was just replaced.
#ifndef DEFIB_ENGINE_KERNEL_MAPLE_TREE_H
#define DEFIB_ENGINE_KERNEL_MAPLE_TREE_H

#include "engine/kernel/structs.h"

kernel_struct maple_range_64 {
    u64 pivot[15];
    kp<void> slot[16];
};
kernel_struct maple_arange_64 {
    u64 pivot[9];
    kp<void> slot[10];
};
kernel_struct maple_tree {
    kp<void> ma_root;
};

inline constexpr u64 MAPLE_NODE_MASK = 0xff;
inline constexpr u64 MAPLE_TYPE_SHIFT = 3;
inline constexpr u64 MAPLE_TYPE_MASK = 0xf;
inline constexpr u64 MAPLE_LEAST_NODE = 4096;  // below: reserved entries

struct MapleEntry {
    kp<void> entry;  // null: nothing at these indices
    u64 last;        // the last index that it stands for
};

// Where the index lies in one node: the slot, and the last index of that slot.
template <class Node>
inline MapleEntry maple_slot(kp<Node> node, u64 pivots, u64 index, u64 last) {
    u64 place = 0;
    for (; place < pivots; ++place) {
        const u64 pivot = node->pivot[place];
        // A pivot of 0 behind the first slot: the node is not full, the last slot ends at its
        // limit.
        if (pivot == 0 && place > 0) break;
        if (index <= pivot) {
            last = pivot < last ? pivot : last;
            break;
        }
    }
    return {node->slot[place], last};
}

// mas_walk(): what is at the index, and up to where.
inline MapleEntry maple_at(kp<maple_tree> tree, u64 index) {
    MapleEntry found{tree->ma_root, ~u64{0}};
    // mte_is_leaf(): maple_dense and maple_leaf_64 hold entries, what is above holds nodes.
    const u64 least_inner = static_cast<u64>(enum_value(maple_type, maple_range_64));
    const u64 arange = static_cast<u64>(enum_value(maple_type, maple_arange_64));
    // xa_is_node(): a root that is none is the entry of index 0.
    if ((address_of(found.entry) & 3) != 2 || address_of(found.entry) < MAPLE_LEAST_NODE) {
        if (index != 0) found.entry = nullptr;
        return found;
    }
    for (;;) {
        const u64 type = (address_of(found.entry) >> MAPLE_TYPE_SHIFT) & MAPLE_TYPE_MASK;
        const u64 node = address_of(found.entry) & ~MAPLE_NODE_MASK;
        if (type == arange)
            found = maple_slot(pointer_from<maple_arange_64>(node),
                               size_of(maple_arange_64, pivot) / sizeof(u64), index, found.last);
        else
            found = maple_slot(pointer_from<maple_range_64>(node),
                               size_of(maple_range_64, pivot) / sizeof(u64), index, found.last);
        if (type < least_inner || address_of(found.entry) < MAPLE_LEAST_NODE) return found;
    }
}

template <class T>
struct MapleWalk {
    struct Position {
        kp<maple_tree> tree;
        MapleEntry at;

        bool operator!=(const Position&) const { return at.entry != nullptr; }
        kp<T> operator*() const { return pointer_from<T>(address_of(at.entry)); }
        Position& operator++() {
            do {
                if (at.last == ~u64{0}) {
                    at.entry = nullptr;
                    break;
                }
                at = maple_at(tree, at.last + 1);
            } while (at.entry == nullptr);
            return *this;
        }
    };

    kp<maple_tree> tree;

    Position begin() const {
        Position first{tree, maple_at(tree, 0)};
        return first.at.entry == nullptr ? ++first : first;
    }
    Position end() const { return {tree, {nullptr, 0}}; }
};

#define maple_of(T, tree) (MapleWalk<T>{(tree)})

#endif
