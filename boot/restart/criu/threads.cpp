// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <linux/sched.h>
#include <signal.h>

#include <algorithm>
#include <cstring>

#include "boot/restart/criu/images.h"
#include "boot/restart/rebuild.h"

namespace defib::boot::criu {
namespace {

constexpr uint64_t X86_64 = 1;
constexpr uint64_t ALIVE = 1;
constexpr uint64_t STOPPED = 3;
constexpr uint64_t ROBUST_LIST_BYTES = 24;  // set_robust_list() takes no other
constexpr int SIGNALS = 64;

// XSAVE's area: what FXSAVE has, a header, and the upper halves of AVX's registers.
constexpr size_t FXSAVE_END = 512;
constexpr size_t FEATURES_USED_AT = 512;  // XSTATE_BV
constexpr size_t AVX_AT = 576;
constexpr size_t AVX_END = 832;
constexpr uint64_t HAS_PLACE = 7;  // x87, SSE, AVX

uint64_t word_at(Bytes bytes, size_t at, size_t size) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, size);
    return word;
}
void put_words(Message& message, unsigned field, Bytes bytes, size_t first, size_t end) {
    for (size_t at = first; at < end; at += 4) message.number(field, word_at(bytes, at, 4));
}

// The area of a new process, where the core has none.
std::vector<std::byte> area_of(const SavedThread& thread) {
    std::vector<std::byte> area(AVX_END);
    std::memcpy(area.data(), thread.fpu.data(), std::min(area.size(), thread.fpu.size()));
    if (!thread.fpu.empty()) return area;
    constexpr uint16_t CONTROL = 0x37f;
    constexpr uint32_t VECTOR_CONTROL = 0x1f80;
    std::memcpy(area.data(), &CONTROL, sizeof CONTROL);
    std::memcpy(area.data() + 24, &VECTOR_CONTROL, sizeof VECTOR_CONTROL);
    return area;
}

Message vector_registers(const SavedThread& thread) {
    const std::vector<std::byte> area = area_of(thread);
    Message message;
    for (unsigned i = 0; i < 4; i++) message.number(i + 1, word_at(area, size_t{i} * 2, 2));
    message.number(5, word_at(area, 8, 8)).number(6, word_at(area, 16, 8));
    message.number(7, word_at(area, 24, 4)).number(8, word_at(area, 28, 4));
    put_words(message, 9, area, 32, 160);
    put_words(message, 10, area, 160, 416);
    put_words(message, 11, area, 416, FXSAVE_END);
    if (thread.fpu.size() < AVX_AT) return message;
    Message more;
    more.number(1, word_at(area, FEATURES_USED_AT, 8) & HAS_PLACE);
    put_words(more, 2, area, AVX_AT, AVX_END);
    return message.message(13, more);
}

Message registers_of(const user_regs_struct& from) {
    const uint64_t all[] = {from.r15,    from.r14, from.r13, from.r12,      from.rbp,     from.rbx,
                            from.r11,    from.r10, from.r9,  from.r8,       from.rax,     from.rcx,
                            from.rdx,    from.rsi, from.rdi, from.orig_rax, from.rip,     from.cs,
                            from.eflags, from.rsp, from.ss,  from.fs_base,  from.gs_base, from.ds,
                            from.es,     from.fs,  from.gs};
    constexpr uint64_t NATIVE = 1;
    Message message;
    unsigned field = 0;
    for (const uint64_t one : all) message.number(++field, one);
    return message.number(28, NATIVE);
}

// Without what was known of who sent them.
Message waiting(uint64_t pending) {
    Message queue;
    for (int number = 1; number <= SIGNALS; number++) {
        if ((pending >> (number - 1) & 1) == 0 || number == SIGKILL || number == SIGSTOP) continue;
        siginfo_t about{};
        about.si_signo = number;
        about.si_code = SI_USER;
        const std::string_view bytes(reinterpret_cast<const char*>(&about), sizeof about);
        queue.message(1, Message().text(1, bytes));
    }
    return queue;
}

Message rights_of(const SavedProcess& process) {
    Message rights;
    for (unsigned i = 0; i < 4; i++) {
        constexpr unsigned REAL_EFFECTIVE_SAVED_FILES[] = {1, 3, 5, 7};
        rights.number(REAL_EFFECTIVE_SAVED_FILES[i], process.uid[i]);
        rights.number(REAL_EFFECTIVE_SAVED_FILES[i] + 1, process.gid[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        rights.number(9 + i, process.capabilities[i] & UINT32_MAX);
        rights.number(9 + i, process.capabilities[i] >> 32);
    }
    rights.number(13, process.securebits);
    for (const uint32_t group : process.groups) rights.number(14, group);
    return rights;
}

Message own_of(const SavedProcess& process, const SavedThread& thread) {
    const bool has_list = thread.robust_list != 0;
    Message own;
    own.number(1, thread.robust_list).number(2, has_list ? ROBUST_LIST_BYTES : 0);
    own.signed_number(3, thread.nice).number(4, thread.policy).number(5, thread.realtime_priority);
    own.number(6, thread.blocked);
    own.message(7, Message()
                       .number(1, thread.signal_stack)
                       .number(2, thread.signal_stack_size)
                       .number(3, thread.signal_stack_flags));
    own.message(9, waiting(thread.pending)).message(10, rights_of(process));
    own.text(13, thread.name);
    if (thread.rseq != 0)
        own.message(15, Message()
                            .number(1, thread.rseq)
                            .number(2, thread.rseq_size)
                            .number(3, thread.rseq_signature));
    return own;
}

Message timers_of(const SavedProcess& process) {
    constexpr uint64_t NS_A_SECOND = 1000000000;
    const uint64_t seconds = process.real_timer_interval_ns / NS_A_SECOND;
    const uint64_t us = process.real_timer_interval_ns % NS_A_SECOND / 1000;
    const Message none = Message().number(1, 0).number(2, 0).number(3, 0).number(4, 0);
    const Message again =
        Message().number(1, seconds).number(2, us).number(3, seconds).number(4, us);
    return Message().message(1, again).message(2, none).message(3, none);
}

Message limits_of(const SavedProcess& process) {
    Message limits;
    for (const auto& [soft, hard] : process.limits)
        limits.message(1, Message().number(1, soft).number(2, hard));
    return limits;
}

void put_handlers(const SavedProcess& process, Message& common) {
    for (int number = 1; number <= SIGNALS; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        const auto own = std::ranges::find(process.signals, number, &SavedSignal::number);
        const SavedSignal signal = own == process.signals.end() ? SavedSignal{} : *own;
        common.message(15, Message()
                               .number(1, signal.handler)
                               .number(2, signal.flags)
                               .number(3, signal.restorer)
                               .number(4, signal.mask));
    }
}

Message common_of(const SavedProcess& process) {
    const SavedThread& first = process.threads.front();
    Message common;
    common.number(1, process.state == "T" ? STOPPED : ALIVE).number(2, 0).number(3, 0).number(4, 0);
    common.number(5, first.blocked).text(6, first.name);
    common.message(7, timers_of(process)).message(8, limits_of(process));
    common.message(10, waiting(process.pending));
    put_handlers(process, common);
    return common;
}

}  // namespace

uint64_t registers_left_out(const SavedThread& thread) {
    if (thread.fpu.size() < AVX_AT) return 0;
    return word_at(thread.fpu, FEATURES_USED_AT, 8) & ~HAS_PLACE;
}

Message core_of(const SavedProcess& process, const SavedThread& thread) {
    Message core;
    core.number(1, X86_64);
    core.message(2, Message()
                        .number(1, thread.clear_tid)
                        .message(2, registers_of(goes_on(process, thread).registers))
                        .message(3, vector_registers(thread)));
    if (thread.tid == process.pid) core.message(3, common_of(process));
    return core.message(5, own_of(process, thread));
}

}  // namespace defib::boot::criu
