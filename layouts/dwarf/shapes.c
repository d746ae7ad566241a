// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What C can say of a structure. The object files in tests/fuzz/seeds/dwarf were made from this
// one:
//   gcc-12 -g -gdwarf-5 -O1 -c        gcc-12 -g -gdwarf-4 -gstrict-dwarf -c (and -gdwarf-3)
//   gcc-12 -g -gz=zlib -c (and zlib-gnu)     clang-19 -g -gdwarf-5 -c, -gdwarf-4 -gz=zstd -c
// linked.elf also has other.c in it, and its relocations are done.
typedef unsigned int u32;
typedef struct {
    int counter;
} atomic_t;
enum colour { RED, GREEN = 5, BLUE = -2 };
struct list {
    struct list *next, **pprev;
};
struct declared_only;
union number {
    char bytes[8];
    double real;
    unsigned long long whole;
};
struct shapes {
    struct list list;
    u32 flags : 3, : 0, more : 17, last : 12;
    signed char small : 4;
    _Bool yes : 1;
    atomic_t count;
    _Atomic long atomic;
    const volatile int* const pointer;
    struct {
        int inner_a;
        union {
            long inner_b;
            short inner_c[3];
        };
    };
    struct {
        int x, y;
    } named[2][3];
    int (*call)(struct shapes*, int);
    enum colour colour;
    union number number;
    struct declared_only* opaque;
    char aligned __attribute__((aligned(64)));
    char name[16];
    int flexible[];
} __attribute__((packed, aligned(8)));
struct shapes the_shapes;
int use(void) {
    struct local {
        long in_function;
    };
    static struct local kept;
    const struct local* p = &kept;
    return p->in_function;
}
