// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls of engine/kernel/language.h, each by what it stands for.
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Module.h>

#include "engine/compiler/lowering.h"
#include "engine/compiler/names.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

// In the order of DefibQuery.
constexpr const char* QUERIES[] = {
    "exists",   "offset",          "size",         "enum", "enum_exists",
    "constant", "constant_exists", "symbol_exists"};

uint64_t number(const llvm::Value* value) {
    return llvm::cast<llvm::ConstantInt>(value)->getZExtValue();
}

// "ProcessRecord" of "Record *emit(u32) [Record = ProcessRecord]"
llvm::StringRef record_name(llvm::StringRef signature) {
    return signature.rsplit(" = ").second.drop_back(1);
}

Slot offset_slot(const std::string& path, const char* kind) {
    const auto [type, member] = llvm::StringRef(path).split('.');
    Slot slot{"offset", path, {{type.str(), member.str()}}, {}};
    slot.shape.kind = kind;
    return slot;
}

}  // namespace

void Lowering::lower_call(llvm::CallBase& call) {
    if (member_access(call) != nullptr) return replace(call, member_address(call));
    if (array_access(call) != nullptr) return replace(call, array_address(call));
    const llvm::StringRef name = call.getCalledFunction()->getName();
    const auto is = [&](const char* other) { return name == other; };
    llvm::Value* result = nullptr;
    if (is("defib_query"))
        result = query(call);
    else if (is("defib_symbol"))
        result = symbol(call);
    else if (is("defib_container"))
        result = container(call);
    else if (is("defib_element"))
        result =
            builder_.CreateAdd(address(*call.getArgOperand(0)),
                               builder_.CreateMul(call.getArgOperand(1),
                                                  binding("size", plain_path(literal(call, 2)))));
    else if (is("defib_untag"))
        result =
            builder_.CreateAnd(address(*call.getArgOperand(0)), ~number(call.getArgOperand(1)));
    else if (is("defib_pointer"))
        result = call.getArgOperand(0);
    else if (is("defib_narrow"))
        result = builder_.CreateAdd(
            address(*call.getArgOperand(0)),
            builder_.getInt64(number(call.getArgOperand(1)) * number(call.getArgOperand(2))));
    else if (is("defib_per_cpu"))
        result = per_cpu(call);
    else if (is("defib_scratch"))
        result = scratch(call);
    else if (is("defib_bits") || is("defib_set_bits"))
        result = bits(call, is("defib_set_bits"));
    else if (is("defib_record"))
        lower_record(call, result);
    else if (is("defib_remember"))
        result = memory(call);
    else if (is("defib_clock"))
        result = call_runtime(NOW, {context_});
    else if (is("defib_ring"))
        result = call_runtime(HOOK, {context_});
    else if (is("defib_give_up"))
        result = call_runtime(DIE, {context_, call.getArgOperand(0)});
    else
        return;  // an intrinsic of plain arithmetic
    replace(call, result);
}

// What is stored to is bound only where the layout knows that it is that large, and of the right
// kind: one variable, or one for each CPU.
llvm::Value* Lowering::symbol(const llvm::CallBase& call) {
    if (!feeds_store(call)) return binding("symbol", literal(call, 0));
    const bool is_per_cpu = llvm::any_of(call.users(), [](const llvm::User* user) {
        return call_of(*user, "defib_per_cpu") != nullptr;
    });
    Slot slot{is_per_cpu ? "symbol_stored_per_cpu" : "symbol_stored", literal(call, 0), {}, {}};
    slot.shape.width = static_cast<unsigned>(number(call.getArgOperand(2)));
    slot.shape.kind = slot.shape.width == 0 ? "structure" : "integer";
    if (slot.shape.width == 0) {
        const std::string written = literal(call, 1);
        llvm::StringRef type = written;
        for (const char* word : {"const ", "volatile ", "struct ", "union "})
            type.consume_front(word);
        slot.shape.structure = without_flavour(type);
    }
    return binding(slot);
}

// A circular list leads back to its start, which lies in another structure.
llvm::Value* Lowering::container(const llvm::CallBase& call) {
    llvm::Value* node = address(*call.getArgOperand(0));
    const llvm::CallBase* start =
        entry_.routine.declaration.kind == "routine" ? list_start(call) : nullptr;
    if (start != nullptr) {
        // 0, or the routine is dead.
        llvm::Value* is_start = builder_.CreateZExt(builder_.CreateICmpEQ(node, place_of(*start)),
                                                    builder_.getInt64Ty());
        node = builder_.CreateAdd(node,
                                  call_runtime(INDEX, {context_, is_start, builder_.getInt64(1)}));
    }
    return builder_.CreateSub(node, binding(offset_slot(plain_path(literal(call, 1)), "")));
}

llvm::Value* Lowering::query(const llvm::CallBase& call) {
    const uint64_t kind = number(call.getArgOperand(0));
    const std::string path = plain_path(literal(call, 1));
    if (kind < std::size(QUERIES) && llvm::StringRef(QUERIES[kind]) == "offset")
        return binding(offset_slot(path, ""));
    return binding(QUERIES[kind % std::size(QUERIES)], path);
}

// setup_per_cpu_areas(): a CPU's copy lies at the variable's address plus __per_cpu_offset[cpu].
llvm::Value* Lowering::per_cpu(const llvm::CallBase& call) {
    llvm::Value* cpu = call.getArgOperand(1);
    if (entry_.routine.declaration.kind == "routine") {
        // What is behind the table would be taken for an offset, and stored to.
        const Field count{"symbol nr_cpu_ids", {"integer", 4, false, {}, {}}};
        entry_.routine.reads.insert(count);
        llvm::Value* cpus =
            call_runtime(LOAD, {context_, binding("symbol", "nr_cpu_ids"), builder_.getInt32(4)});
        cpu = call_runtime(INDEX, {context_, cpu, cpus});
    }
    llvm::Value* table = binding("symbol", "__per_cpu_offset");
    llvm::Value* place = builder_.CreateAdd(table, builder_.CreateShl(cpu, uint64_t{3}));
    llvm::Value* offset =
        call_runtime(LOAD, {context_, place, builder_.getInt32(8 | LOAD_UNPLANNED)});
    entry_.routine.reads.insert({"symbol __per_cpu_offset[]", {"integer", 8, false, {}, {}}});
    return builder_.CreateAdd(address(*call.getArgOperand(0)), offset);
}

// Inside of what the target offers, or the routine ends.
llvm::Value* Lowering::scratch(const llvm::CallBase& call) {
    return scratch_at(call.getArgOperand(0), call.getArgOperand(1));
}

llvm::Value* Lowering::in_scratch(llvm::Value* place, unsigned width) {
    return scratch_at(builder_.CreateSub(place, binding("scratch", "address")),
                      builder_.getInt64(width));
}

// Where the target offers less than `size`, no offset is inside.
llvm::Value* Lowering::scratch_at(llvm::Value* offset, llvm::Value* size) {
    llvm::Value* offered = binding("scratch", "size");
    llvm::Value* room = builder_.CreateSelect(
        builder_.CreateICmpULE(size, offered),
        builder_.CreateAdd(builder_.CreateSub(offered, size), builder_.getInt64(1)),
        builder_.getInt64(0));
    llvm::Value* index = call_runtime(INDEX, {context_, offset, room});
    return builder_.CreateAdd(binding("scratch", "address"), index);
}

// The layout gives the unit that holds a bit-field: its offset and size, and the bits' place in it.
llvm::Value* Lowering::bits(const llvm::CallBase& call, bool is_store) {
    const std::string path = plain_path(literal(call, 1));
    llvm::Value* place = builder_.CreateAdd(address(*call.getArgOperand(0)),
                                            binding(offset_slot(path, "bit_field")));
    llvm::Value* size = builder_.CreateTrunc(binding("size", path), builder_.getInt32Ty());
    // A layout's numbers are below 64; the mask keeps both processors alike where one lies.
    llvm::Value* shift = builder_.CreateAnd(binding("bit_offset", path), uint64_t{63});
    llvm::Value* width = builder_.CreateAnd(binding("bit_width", path), uint64_t{63});
    llvm::Value* one = builder_.getInt64(1);
    llvm::Value* mask = builder_.CreateSub(builder_.CreateShl(one, width), one);
    llvm::Value* unit = call_runtime(LOAD, {context_, place, size});
    const AccessPath way = bits_path(call);
    const Field field{way.text, {"bit_field", 0, false, {}, {}}};
    entry_.routine.reads.insert(field);
    if (!is_store) return builder_.CreateAnd(builder_.CreateLShr(unit, shift), mask);

    Field stored = field;
    stored.is_found = way.is_found;
    const unsigned field_number = manifest_.field(stored);
    entry_.routine.stores.insert(field_number);
    stored_.insert(way.text);
    stored_.insert(way.symbols.begin(), way.symbols.end());
    // A unit has at most 8 bytes.
    if (way.is_scratch) place = in_scratch(place, 8);
    llvm::Value* kept =
        builder_.CreateAnd(unit, builder_.CreateNot(builder_.CreateShl(mask, shift)));
    llvm::Value* fresh = builder_.CreateShl(builder_.CreateAnd(call.getArgOperand(2), mask), shift);
    return call_runtime(STORE, {context_, place, builder_.CreateOr(kept, fresh), size,
                                builder_.getInt32(field_number)});
}

void Lowering::note_record(const llvm::CallBase& call) {
    Record record;
    record.kind = number(call.getArgOperand(0));
    record.name = record_name(literal(call, 2)).str();
    record.size = number(call.getArgOperand(1));
    entry_.routine.records.insert(record.kind);
    if (const llvm::DICompositeType* type = structures_.named(record.name))
        record.fields = record_of(*type).fields;
    if (!manifest_.record(record))
        refusals_.add(call, "record kind " + std::to_string(record.kind) +
                                " is used for two different structures; give each its own");
}

void Lowering::lower_record(const llvm::CallBase& call, llvm::Value*& result) {
    note_record(call);
    result =
        call_runtime(EMIT, {context_, call.getArgOperand(0),
                            builder_.CreateTrunc(call.getArgOperand(1), builder_.getInt32Ty())});
}

// All calls of a detector give the same memory, so they have to agree on what is in it.
llvm::Value* Lowering::memory(const llvm::CallBase& call) {
    Routine& routine = entry_.routine;
    const std::string name = record_name(literal(call, 1)).str();
    if (!routine.memory.empty() && routine.memory != name)
        refusals_.add(
            call, "remembers " + name + " and " + routine.memory + "; put both into one structure");
    routine.memory = name;
    routine.memory_size = number(call.getArgOperand(0));
    return call_runtime(
        MEMORY, {context_, builder_.CreateTrunc(call.getArgOperand(0), builder_.getInt32Ty())});
}

}  // namespace defib::compiler
