// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/seal/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>

namespace defib::seal {
namespace {

// x32 has x86-64's architecture and numbers from here on (arch/x86/include/uapi/asm/unistd.h).
#if defined(__x86_64__)
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_X86_64;
constexpr uint32_t FOREIGN_CALLS = 0x40000000;
#elif defined(__aarch64__)
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_AARCH64;
constexpr uint32_t FOREIGN_CALLS = 0x80000000;
#else
#error "the seal has not been ported to this processor"
#endif

constexpr uint32_t FIRST_ARGUMENT = offsetof(seccomp_data, args);  // its low half: little endian

sock_filter load(uint32_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
sock_filter answer(uint32_t what) {
    return BPF_STMT(BPF_RET | BPF_K, what);
}
// Goes on where it is so, and leaves out `otherwise` instructions where not.
sock_filter unless_equal(uint32_t value, uint8_t otherwise) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, otherwise);
}

}  // namespace

std::vector<sock_filter> make_filter(std::span<const Allowance> allowances) {
    std::vector<sock_filter> filter = {
        load(offsetof(seccomp_data, arch)),
        unless_equal(ARCHITECTURE, 2),
        load(offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, 0, 1),
        answer(SECCOMP_RET_KILL_PROCESS),
    };
    for (const Allowance& allowance : allowances) {
        if (!allowance.first) {
            filter.push_back(unless_equal(allowance.call, 1));
            filter.push_back(answer(SECCOMP_RET_ALLOW));
            continue;
        }
        // The kernel takes a file or a kind as 32 bits and ignores what stands above.
        filter.push_back(unless_equal(allowance.call, 4));
        filter.push_back(load(FIRST_ARGUMENT));
        filter.push_back(unless_equal(*allowance.first, 1));
        filter.push_back(answer(SECCOMP_RET_ALLOW));
        filter.push_back(load(offsetof(seccomp_data, nr)));
    }
    filter.push_back(answer(SECCOMP_RET_TRAP));
    return filter;
}

}  // namespace defib::seal
