// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The language of detectors, routines and views: plain C++ over declared kernel structures.
//
// A kernel pointer is a pointer into another address space (200), so that the type system keeps it
// apart from ordinary memory. The compiler (engine/compiler) turns every access through one into a
// call of the runtime, with the offset that the running kernel's layout gives. Nothing here knows
// an offset, and nothing here reads memory by itself. README.md is the manual.
#ifndef DEFIB_ENGINE_KERNEL_LANGUAGE_H
#define DEFIB_ENGINE_KERNEL_LANGUAGE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/abi/record.h"

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using s8 = int8_t;
using s16 = int16_t;
using s32 = int32_t;
using s64 = int64_t;

#define DEFIB_KERNEL_SPACE __attribute__((address_space(200)))

// A pointer to something in the target's kernel.
template <class T>
using kp = T DEFIB_KERNEL_SPACE*;

// How a structure of the kernel is declared: only the fields that are used, in any order, with the
// kernel's names, widths and signedness (the binder compares them with the layout).
//   kernel_struct task_struct { int pid; kp<signal_struct> signal; };
// A part only ever lies inside of other structures (list_head): it can be read on its own, and
// stored to only on the way through the structure that holds it.
#define kernel_struct struct [[defib::kernel]]
#define kernel_union union [[defib::kernel]]
#define kernel_part struct [[defib::kernel]] [[defib::part]]
// Where a list starts, and the member that its objects hang by:
//   list_head thread_head HOLDS(task_struct.thread_node);
// It is true of a list_head whose links lead to nothing but such members and, round the circle, to
// itself; so not of a node of a list that starts in another structure.
#define HOLDS(path) __attribute__((defib_holds(#path)))

// The type of a bit-field's declaration: read with bits(), written with set_bits().
struct BitField {};

// What the compiler takes the place of. Strings are literals; they end up in the manifest.
extern "C" {
enum DefibQuery : u32 {
    DEFIB_QUERY_EXISTS,
    DEFIB_QUERY_OFFSET,
    DEFIB_QUERY_SIZE,
    DEFIB_QUERY_ENUM,
    DEFIB_QUERY_ENUM_EXISTS,
    DEFIB_QUERY_CONSTANT,
    DEFIB_QUERY_CONSTANT_EXISTS,
    DEFIB_QUERY_SYMBOL_EXISTS,
};
[[gnu::const]] u64 defib_query(DefibQuery kind, const char* path);
[[gnu::const]] kp<void> defib_symbol(const char* name, const char* type, u64 width);
[[gnu::const]] kp<void> defib_container(kp<const volatile void> member, const char* path);
[[gnu::const]] kp<void> defib_element(kp<const volatile void> array, u64 index, const char* type);
[[gnu::const]] kp<void> defib_untag(kp<const volatile void> pointer, u64 mask);
[[gnu::const]] kp<void> defib_pointer(u64 word);
[[gnu::const]] kp<void> defib_narrow(kp<const volatile void> field, u64 index, u64 width);
kp<void> defib_per_cpu(kp<const volatile void> pointer, u64 cpu);
kp<void> defib_scratch(u64 offset, u64 size);
u64 defib_bits(kp<const volatile void> structure, const char* path);
void defib_set_bits(kp<void> structure, const char* path, u64 value);
void* defib_record(u32 kind, u64 size, const char* type);
void* defib_remember(u64 size, const char* type);
u64 defib_clock();
u64 defib_ring();
[[noreturn]] void defib_give_up(u32 reason);
}

// -- Questions about the running kernel ----------------------------------------------------------

// 0: a structure has the kernel's size, and of void nothing is known.
template <class T>
consteval u64 defib_width() {
    if constexpr (__is_class(T) || __is_union(T) || __is_void(T))
        return 0;
    else
        return sizeof(T);
}

// A name that is not declared is a compile error, not a question that is answered with no.
#define DEFIB_DECLARED(T, member) ((void)sizeof((kp<T>(nullptr))->member))

// A field that is asked for with exists() may be missing from a kernel; any other makes the routine
// refuse to bind there.
#define exists(T, member) \
    (DEFIB_DECLARED(T, member), defib_query(DEFIB_QUERY_EXISTS, #T "." #member) != 0)
#define type_exists(T) ((void)sizeof(kp<T>), defib_query(DEFIB_QUERY_EXISTS, #T) != 0)
#define offset_of(T, member) \
    (DEFIB_DECLARED(T, member), defib_query(DEFIB_QUERY_OFFSET, #T "." #member))
#define size_of(T, member) \
    (DEFIB_DECLARED(T, member), defib_query(DEFIB_QUERY_SIZE, #T "." #member))
#define size_of_type(T) (defib_query(DEFIB_QUERY_SIZE, #T))
#define enum_value(E, name) (static_cast<s64>(defib_query(DEFIB_QUERY_ENUM, #E "." #name)))
#define enum_exists(E, name) (defib_query(DEFIB_QUERY_ENUM_EXISTS, #E "." #name) != 0)
// A #define of the kernel: TIF_SIGPENDING. Layouts hold them with where each value came from.
#define constant(name) (defib_query(DEFIB_QUERY_CONSTANT, #name))
#define constant_exists(name) (defib_query(DEFIB_QUERY_CONSTANT_EXISTS, #name) != 0)
// The address of a symbol, as a pointer to what is there: symbol(task_struct, init_task)->pid
#define symbol(T, name) (static_cast<kp<T>>(defib_symbol(#name, #T, defib_width<T>())))
#define symbol_exists(name) (defib_query(DEFIB_QUERY_SYMBOL_EXISTS, #name) != 0)

// -- From one address to another -----------------------------------------------------------------

#define container_of(pointer, T, member) \
    (DEFIB_DECLARED(T, member),          \
     static_cast<kp<T>>(                 \
         defib_container(defib_member<decltype(T::member)>((pointer)), #T "." #member)))
// A pointer to anything but such a member is a compile error.
template <class Member>
inline kp<const volatile void> defib_member(kp<const volatile Member> member) {
    return member;
}

// The structure that holds `pointer` as its `member[index]`, an array of structures E.
#define container_of_element(pointer, T, member, E, index)                             \
    (DEFIB_DECLARED(T, member), defib_same<E, __remove_extent(decltype(T::member))>(), \
     static_cast<kp<T>>(defib_container(                                               \
         defib_element(defib_member<E>((pointer)), ~static_cast<u64>(index) + 1, #E),  \
         #T "." #member)))
template <class One, class Other>
consteval void defib_same() {
    static_assert(__is_same(One, Other), "the member is not an array of these");
}

// array[index] where a pointer leads to an array of structures: the kernel's own size of T counts.
#define element(T, array, index) \
    (static_cast<kp<T>>(defib_element(defib_member<T>((array)), (index), #T)))

// A pointer without the flags that the kernel keeps in its low bits (at most the low 12).
template <class T>
inline kp<T> untag(kp<T> pointer, u64 mask) {
    return static_cast<kp<T>>(defib_untag(pointer, mask));
}

// A word that was found where no type says that it is a pointer (on a stack, in a lock word).
// Stores through it need WRITES_FOUND.
template <class T>
inline kp<T> pointer_from(u64 word) {
    return static_cast<kp<T>>(defib_pointer(word));
}
template <class T>
inline u64 address_of(kp<T> pointer) {
    return reinterpret_cast<u64>(pointer);
}

// Part of a wider field, for stores that must not touch its other bytes:
//   *narrow<u8>(&lock->val, 0) = 0;
template <class Narrow, class T>
inline kp<Narrow> narrow(kp<T> field, u64 index) {
    return static_cast<kp<Narrow>>(defib_narrow(field, index, sizeof(Narrow)));
}

// Memory that the kernel never uses, for objects a repair has to build. Needs USES_SCRATCH.
template <class T>
inline kp<T> scratch(u64 offset, u64 size) {
    return static_cast<kp<T>>(defib_scratch(offset, size));
}

#define bits(pointer, T, member) \
    (DEFIB_DECLARED(T, member), defib_bits(defib_object<T>((pointer)), #T "." #member))
#define set_bits(pointer, T, member, value) \
    (DEFIB_DECLARED(T, member), defib_set_bits(defib_object<T>((pointer)), #T "." #member, (value)))
// A pointer to anything but T is a compile error, where a cast would take it.
template <class T>
inline kp<T> defib_object(kp<T> object) {
    return object;
}

// -- What comes out ------------------------------------------------------------------------------

// Room for one record: an ordinary structure of plain integers and arrays of them, all zero. The
// manifest describes its fields.
template <class Record>
inline Record* emit(u32 kind) {
    return static_cast<Record*>(defib_record(kind, sizeof(Record), __PRETTY_FUNCTION__));
}

struct PointerRecord {
    u64 address;
};
// What a COLLECTOR reports.
template <class T>
inline void emit_pointer(kp<T> pointer) {
    emit<PointerRecord>(DEFIB_RECORD_POINTER)->address = address_of(pointer);
}

// What a detector keeps between its runs: one structure like a record's, all zero before the first
// run, at most 4096 bytes. A run that dies changes nothing there.
template <class Memory>
inline Memory* remember() {
    return static_cast<Memory*>(defib_remember(sizeof(Memory), __PRETTY_FUNCTION__));
}
// The engine's clock in nanoseconds, for detectors: it goes on where the kernel's stands.
inline u64 now() {
    return defib_clock();
}

// The physical address of the kernel module's ring (engine/abi/hook_ring.h), where the engine may
// ask it; 0: there is none. What CPUs last said of themselves there: beats.h.
inline u64 ring_of_hook() {
    return defib_ring();
}

// The routine ends here and its plan is dropped. Reasons of one's own start at DEFIB_DEATH_OWN.
[[noreturn]] inline void give_up(u32 reason) {
    defib_give_up(reason);
}

// What an entry returns is deduced, which C would not understand: it never sees it.
#pragma clang diagnostic ignored "-Wreturn-type-c-linkage"

// -- Declarations --------------------------------------------------------------------------------

// DETECTOR(name, attributes...)(arguments) { ... }: looks for one kind of fault, stores nothing.
// ROUTINE: one repair. VIEW: reports what it is given. COLLECTOR: reports addresses for views.
// Arguments are integers and kernel pointers; what is returned is an integer or nothing.
#define DETECTOR(name, ...) DEFIB_ENTRY("detector", name, __VA_ARGS__)
#define ROUTINE(name, ...) DEFIB_ENTRY("routine", name, __VA_ARGS__)
#define VIEW(name, ...) DEFIB_ENTRY("view", name, __VA_ARGS__)
#define COLLECTOR(name, ...) DEFIB_ENTRY("collector", name, __VA_ARGS__)
#define DEFIB_ENTRY(kind, name, ...) \
    extern "C" __attribute__((annotate("defib", kind __VA_OPT__(, ) __VA_ARGS__))) auto name

#define SUMMARY(text) "summary " text
// The whole way from the structure that is pointed to: WRITES(signal_struct.shared_pending.signal)
#define WRITES(path) "writes " #path
// The same, through a pointer made by pointer_from().
#define WRITES_FOUND(path) "writes_found " #path
#define WRITES_SYMBOL(name) "writes_symbol " #name
#define USES_SCRATCH "uses_scratch"
#define PERIOD_MS(count) "period_ms " #count
#define FUEL(units) "fuel " #units
// Of a view or routine: it runs once for each of this collector's addresses, with the address as
// its first argument and the collector's own arguments behind it.
#define OF_EACH(collector) "of_each " #collector
// Of a routine, for whoever decides on it: what is looked at before anything is written, and where
// no routine takes it back, why none does.
#define MUST_HOLD(text) "must_hold " text
#define NOT_UNDONE(text) "not_undone " text
// Of a routine; each takes the first of what it takes, but for the address that OF_EACH puts in
// front.
// The routine that follows it, the view that says whether the effect is there
// (engine/abi/reason.h), the routine that takes it back.
#define THEN(routine) "then " #routine
#define OBSERVED_BY(view) "observed_by " #view
#define UNDONE_BY(routine) "undone_by " #routine
// The routine that is carried out in its place where the kernel module is there to be asked: it
// proves the same, stores nothing and emits what it asks for (engine/routines/asking.h). What THEN
// names does not follow it.
#define BY_HOOK(routine) "by_hook " #routine

#endif
