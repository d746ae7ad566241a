// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Collectors: the addresses of objects that a view looks at, or that a routine repairs one by one.
//
// A list that is walked from its one end is a chain of reads, each of which has to come back before
// the next can be made: 1.3 us a hop on a GPU. So a collector may be OF_EACH of another one, which
// finds heads (the leaves of a tree, the buckets of a hash table, CPUs), and then runs for all
// heads at once. The order of what is found is that of the heads, and in each what it finds in
// order.
#ifndef DEFIB_ENGINE_RUNTIME_COLLECT_H
#define DEFIB_ENGINE_RUNTIME_COLLECT_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// Runs a collector, twice where it dies. What the last attempt found comes back, also where it
// died: half of a list beats none of it, and the answer says so.
DefibRecords collect(DefibEngine& engine, uint32_t collector, const uint64_t* arguments,
                     DefibAnswer& answer);

// The addresses in a collector's records, in order.
class FoundPointers {
  public:
    explicit FoundPointers(const DefibRecords& found) : found_(found), at_(0), left_(found.count) {}

    // False at the end.
    bool take(uint64_t& address);

  private:
    DefibRecords found_;
    uint32_t at_;
    uint32_t left_;
};

}  // namespace defib::runtime

#endif
