// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The processor that runs the engine: how it reads and writes memory that others change, and how it
// orders that. Everything that differs between processors is in the one file chosen here.
//
// Every access to the target is volatile: a plain load may be served for ever from a GPU's first
// level cache, and a compiler may merge or repeat it. On both processors a volatile access of an
// aligned 1, 2, 4 or 8 bytes is one access, never two halves.
#ifndef DEFIB_ENGINE_RUNTIME_PROCESSOR_H
#define DEFIB_ENGINE_RUNTIME_PROCESSOR_H

#include <stdint.h>

#if defined(__NVPTX__)
#include "engine/runtime/processor_nvptx64.h"
#elif defined(__x86_64__)
#include "engine/runtime/processor_x86_64.h"
#else
#error "the engine has not been ported to this processor"
#endif

namespace defib::runtime {

// Backend addresses are integers everywhere else, so that none is followed by accident.
template <class T>
T* pointer_to(uint64_t address) {
    return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr): see above
}

inline uint64_t read_volatile(uint64_t address, uint32_t size) {
    switch (size) {
        case 1:
            return *pointer_to<const volatile uint8_t>(address);
        case 2:
            return *pointer_to<const volatile uint16_t>(address);
        case 4:
            return *pointer_to<const volatile uint32_t>(address);
        default:
            return *pointer_to<const volatile uint64_t>(address);
    }
}

// The same where the address may not be aligned (a packed member, a dump whose pages lie anywhere
// in its file): such an access traps on a GPU and takes the whole engine with it.
inline uint64_t read_any(uint64_t address, uint32_t size) {
    if (address % size == 0) return read_volatile(address, size);
    // In as few parts as can be: on a GPU each is a way over the bus.
    const uint32_t part = address % 4 == 0 ? 4 : address % 2 == 0 ? 2 : 1;
    uint64_t value = 0;
#pragma clang loop unroll(disable)
    for (uint32_t byte = 0; byte < size; byte += part) {
        value |= read_volatile(address + byte, part) << (8 * byte);
    }
    return value;
}

inline void write_volatile(uint64_t address, uint64_t value, uint32_t size) {
    switch (size) {
        case 1:
            *pointer_to<volatile uint8_t>(address) = static_cast<uint8_t>(value);
            break;
        case 2:
            *pointer_to<volatile uint16_t>(address) = static_cast<uint16_t>(value);
            break;
        case 4:
            *pointer_to<volatile uint32_t>(address) = static_cast<uint32_t>(value);
            break;
        default:
            *pointer_to<volatile uint64_t>(address) = value;
            break;
    }
}

inline uint32_t load_acquire(const uint32_t* word) {
    const uint32_t value = *const_cast<const volatile uint32_t*>(word);
    order_all();
    return value;
}

inline void store_release(uint32_t* word, uint32_t value) {
    order_all();
    *const_cast<volatile uint32_t*>(word) = value;
}

inline uint64_t load_acquire(const uint64_t* word) {
    const uint64_t value = *const_cast<const volatile uint64_t*>(word);
    order_all();
    return value;
}

// Where nothing has to be in order with it.
inline uint32_t load_relaxed(const uint32_t* word) {
    return *const_cast<const volatile uint32_t*>(word);
}

inline void store_relaxed(uint32_t* word, uint32_t value) {
    *const_cast<volatile uint32_t*>(word) = value;
}

inline void store_relaxed(uint64_t* word, uint64_t value) {
    *const_cast<volatile uint64_t*>(word) = value;
}

inline void store_release(uint64_t* word, uint64_t value) {
    order_all();
    *const_cast<volatile uint64_t*>(word) = value;
}

}  // namespace defib::runtime

#endif
