// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The manifest that the compiler writes: what each routine of a set reads, stores, asks and costs.
#ifndef DEFIB_BOOT_BINDER_MANIFEST_H
#define DEFIB_BOOT_BINDER_MANIFEST_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace defib::boot {

// One member access on the way to a field.
struct Hop {
    std::string type;
    std::string member;
};

// One question that the compiled code asks the binding.
struct Slot {
    std::string kind;  // offset, size, exists, enum, constant, symbol, bit_offset, scratch, ...
    std::string path;
    std::vector<Hop> hops;   // of an offset
    std::string class_name;  // integer, pointer, boolean, structure, bit_field; empty: any
    std::string structure;   // its name, where it is one
    uint64_t width = 0;      // 0: only the address is used
    bool is_signed = false;
    uint64_t element_width = 0;   // of an array
    std::vector<uint64_t> array;  // dimensions as declared
};

struct Record {
    uint32_t kind = 0;
    std::string name;
    uint64_t size = 0;
};

struct Argument {
    std::string name;
    std::string type;  // "integer", or the structure that it points to
    uint64_t width = 0;
    bool is_signed = false;
};

struct RoutineEntry {
    std::string name;
    std::string kind;  // detector, routine, view, collector
    std::string summary;
    uint64_t fuel = 0;
    uint64_t period_ms = 0;
    std::vector<uint64_t> slots;
    std::vector<uint64_t> optional;
    std::vector<uint64_t> stores;
    std::vector<std::string> reads;  // paths
    std::string collector;           // these five: names of others in the set, or empty
    std::string then;
    std::string observer;
    std::string undo;
    std::string hook;
    std::string must_hold;  // for people, and where nothing takes it back why
    std::string not_undone;
    std::vector<Argument> arguments;
    std::string first_argument;  // the structure that its first argument points to
};

struct Manifest {
    std::string architecture;
    std::vector<Slot> slots;          // by number
    std::vector<std::string> fields;  // what is stored to, by number: paths
    std::vector<Record> records;
    std::vector<RoutineEntry> routines;  // by number

    std::optional<uint32_t> number_of(std::string_view routine) const;
    const Record* record(uint32_t kind) const;

    // What whoever wants the routine done gives: its arguments but for the one that its collector
    // finds.
    std::span<const Argument> given_arguments(const RoutineEntry& routine) const;
};

Result<Manifest> read_manifest(std::string_view json, std::string_view object);

}  // namespace defib::boot

#endif
