// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/core_notes.h"

#include <elf.h>
#include <sys/procfs.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "boot/salvage/elf_head.h"
#include "boot/salvage/elf_notes.h"
#include "boot/salvage/fpu_x86_64.h"

namespace defib::boot {
namespace {

constexpr std::string_view KERNELS = "CORE";
constexpr std::string_view KERNELS_NEWER = "LINUX";
constexpr uint64_t PAGE_BYTES = 4096;
constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MICROSECOND = 1000;

template <class T>
std::string_view text_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

timeval time_of(uint64_t ns) {
    timeval time{};
    time.tv_sec = static_cast<time_t>(ns / NS_A_SECOND);
    time.tv_usec = static_cast<suseconds_t>(ns % NS_A_SECOND / NS_A_MICROSECOND);
    return time;
}

// struct user_regs_struct: those of struct pt_regs, in the same order, then the segments.
void take_registers(const DefibImageThreadRecord& data, elf_gregset_t& to) {
    constexpr size_t CS = 17;
    constexpr size_t SS = 20;
    constexpr uint64_t SEGMENT_BITS = 0xffff;  // the rest of the word is FRED's
    std::copy(std::begin(data.registers), std::end(data.registers), std::begin(to));
    to[CS] &= SEGMENT_BITS;
    to[SS] &= SEGMENT_BITS;
    const uint64_t others[] = {data.fs_base, data.gs_base, data.ds, data.es, data.fs, data.gs};
    std::copy(std::begin(others), std::end(others), std::begin(to) + DEFIB_IMAGE_REGISTERS);
}

void add_status(std::string& to, const ProcessImage& image, const ImageThread& thread) {
    elf_prstatus status{};
    status.pr_sigpend = thread.data.pending | image.process.pending;
    status.pr_sighold = thread.data.blocked;
    status.pr_pid = thread.data.pid;
    status.pr_ppid = image.process.parent;
    status.pr_pgrp = image.process.group;
    status.pr_sid = image.process.session;
    status.pr_utime = time_of(thread.data.utime_ns);
    status.pr_stime = time_of(thread.data.stime_ns);
    take_registers(thread.data, status.pr_reg);
    status.pr_fpvalid = thread.fpu.empty() ? 0 : 1;
    append_note(to, KERNELS, NT_PRSTATUS, text_of(status));
}

void add_fpu(std::string& to, const ImageThread& thread) {
    if (thread.fpu.empty()) return;
    const FpuState state = unpack_fpu(thread.fpu, thread.data.fpu_features);
    append_note(to, KERNELS, NT_PRFPREG, as_text(state.legacy));
    if (!state.extended.empty())
        append_note(to, KERNELS_NEWER, NT_X86_XSTATE, as_text(state.extended));
}

void add_process(std::string& to, const ProcessImage& image, std::string_view arguments) {
    elf_prpsinfo info{};
    if (!image.threads.empty()) {
        const ImageThread& first = image.threads.front();
        info.pr_sname = image.state;
        const size_t number = std::string_view("RSDTZW").find(image.state);
        info.pr_state = static_cast<char>(number == std::string_view::npos ? 1 : number);
        info.pr_flag = first.data.task_flags;
        std::memcpy(info.pr_fname, first.data.comm, sizeof info.pr_fname);
    }
    info.pr_uid = image.process.uid[0];
    info.pr_gid = image.process.gid[0];
    info.pr_pid = image.process.pid;
    info.pr_ppid = image.process.parent;
    info.pr_pgrp = image.process.group;
    info.pr_sid = image.process.session;
    const size_t size = std::min(arguments.size(), sizeof info.pr_psargs - 1);
    std::copy_n(arguments.begin(), size, info.pr_psargs);
    // They end with a 0 each; the note has one text.
    std::replace(info.pr_psargs, info.pr_psargs + size, '\0', ' ');
    append_note(to, KERNELS, NT_PRPSINFO, text_of(info));
}

void add_auxiliary_vector(std::string& to, const ProcessImage& image) {
    std::string text;
    for (size_t i = 0; i + 1 < DEFIB_IMAGE_AUXV; i += 2) {
        append(text, image.process.auxv[i]);
        append(text, image.process.auxv[i + 1]);
        if (image.process.auxv[i] == AT_NULL) break;
    }
    append_note(to, KERNELS, NT_AUXV, text);
}

// fill_files_note(): how many, the size of a page, three words of each, then the names.
void add_files(std::string& to, const ProcessImage& image) {
    std::string places;
    std::string names;
    uint64_t count = 0;
    for (const ImageArea& area : image.areas) {
        if (area.path.empty()) continue;
        count++;
        append(places, area.data.first);
        append(places, area.data.end);
        append(places, area.data.page_index);
        names.append(area.path).push_back('\0');
    }
    std::string text;
    append(text, count);
    append(text, PAGE_BYTES);
    append_note(to, KERNELS, NT_FILE, text + places + names);
}

}  // namespace

bool is_in_core(const ImageThread& thread) {
    return thread.data.has_registers != 0;
}

std::string core_notes(const ProcessImage& image, std::string_view arguments,
                       std::string_view ours) {
    std::string notes;
    bool is_first = true;
    for (const ImageThread& thread : image.threads) {
        if (!is_in_core(thread)) continue;
        add_status(notes, image, thread);
        if (std::exchange(is_first, false)) {
            add_process(notes, image, arguments);
            add_auxiliary_vector(notes, image);
            add_files(notes, image);
        }
        add_fpu(notes, thread);
    }
    append_note(notes, OUR_NOTES, static_cast<uint32_t>(NoteKind::process), ours);
    return notes;
}

}  // namespace defib::boot
