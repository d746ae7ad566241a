// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the compiler proved and recorded of a set of routines: the manifest, as the passes fill it.
#ifndef DEFIB_ENGINE_COMPILER_MANIFEST_H
#define DEFIB_ENGINE_COMPILER_MANIFEST_H

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace defib::compiler {

// How a value lies in memory, as far as a layout can contradict it.
struct Shape {
    std::string kind;    // integer, pointer, boolean, structure, bit_field; empty: not known
    unsigned width = 0;  // bytes; 0: only the address is used
    bool is_signed = false;
    std::vector<uint64_t> array;  // dimensions as declared
    std::string structure;        // its name, where it is one: variants differ in it

    auto operator<=>(const Shape&) const = default;
};

// A member access on the way to a field: which structure, which of its members.
struct Hop {
    std::string type;
    std::string member;

    auto operator<=>(const Hop&) const = default;
};

// What the binder has to look up, once for the whole set. The number is its place in the list.
struct Slot {
    std::string kind;  // offset, size, exists, enum, constant, symbol, bit_offset, ...
    std::string path;
    std::vector<Hop> hops;  // of an offset
    Shape shape;

    auto operator<=>(const Slot&) const = default;
};

// A field as it was read or stored to: the whole way from the structure that was pointed to.
struct Field {
    std::string path;
    Shape shape;
    bool is_found = false;  // stored to where a found word leads, or a found word is stored to it

    auto operator<=>(const Field&) const = default;
};

struct Argument {
    std::string name;
    std::string type;  // "task_struct" of a kernel pointer, else "integer"
    unsigned width = 8;
    bool is_signed = false;
};

struct RecordField {
    std::string name;
    uint64_t offset = 0;
    unsigned width = 0;
    std::string kind;
    bool is_signed = false;
    std::vector<uint64_t> array;

    auto operator<=>(const RecordField&) const = default;
};

struct Record {
    uint64_t kind = 0;
    std::string name;
    uint64_t size = 0;
    std::vector<RecordField> fields;

    auto operator<=>(const Record&) const = default;
};

// A loop's header: its line, and the units that every turn costs.
struct LoopCost {
    std::string file;
    unsigned line = 0;
    unsigned units = 0;
};

// What the source declares with DETECTOR, ROUTINE, VIEW or COLLECTOR.
struct Declaration {
    std::string name;
    std::string kind;
    std::string summary;
    std::string file;
    std::string collector;  // OF_EACH
    std::string then;       // THEN
    std::string observer;   // OBSERVED_BY
    std::string undo;       // UNDONE_BY
    std::string must_hold;
    std::string not_undone;
    std::string hook;  // BY_HOOK
    std::set<std::string> writes;
    std::set<std::string> writes_found;
    std::set<std::string> writes_symbol;
    bool uses_scratch = false;
    uint64_t period_ms = 0;
    uint64_t fuel = 0;
};

struct Routine {
    Declaration declaration;
    std::vector<Argument> arguments;
    std::set<unsigned> slots;
    std::set<unsigned> optional;
    std::set<unsigned> stores;  // numbers of fields
    std::set<Field> reads;
    std::set<uint64_t> records;  // kinds
    std::string memory;          // the structure that a detector keeps between runs
    uint64_t memory_size = 0;
    std::vector<LoopCost> loops;
    std::string digest;  // sha256 of its lowered code
};

class Manifest {
  public:
    unsigned slot(const Slot& slot);
    unsigned field(const Field& field);
    // False where a record of that kind is known with another content.
    bool record(const Record& record);

    std::vector<Routine> routines;  // sorted by name: the number is the place

    const std::vector<Slot>& slots() const { return slots_; }
    const std::vector<Field>& fields() const { return fields_; }
    const std::map<uint64_t, Record>& records() const { return records_; }

  private:
    std::vector<Slot> slots_;
    std::map<Slot, unsigned> slot_numbers_;
    std::vector<Field> fields_;
    std::map<Field, unsigned> field_numbers_;
    std::map<uint64_t, Record> records_;
};

std::string to_json(const Manifest& manifest);

}  // namespace defib::compiler

#endif
