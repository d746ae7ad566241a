// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/saved_process.h"

#include <elf.h>
#include <sys/procfs.h>

#include <algorithm>
#include <cstring>

#include "boot/restart/saved_json.h"
#include "boot/salvage/core_notes.h"
#include "boot/salvage/elf_head.h"
#include "boot/salvage/elf_notes.h"

namespace defib::boot {
namespace {

using Json = SavedJson::Json;

constexpr size_t MOST_THREADS = size_t{1} << 22;  // PID_MAX_LIMIT
constexpr size_t MOST_MAPPINGS = size_t{1} << 22;
constexpr size_t MOST_FILES = size_t{1} << 20;
constexpr size_t MOST_GROUPS = 65536;
constexpr int SIGNALS = 64;
constexpr uint64_t IGNORED = 1;  // SIG_IGN
constexpr size_t MOST_FPU = 1U << 16;
constexpr size_t LEAST_FPU = 512;
constexpr uint64_t USER_CODE = 0x33;
constexpr uint64_t USER_DATA = 0x2b;
constexpr const char* LIMITS[SAVED_LIMITS] = {
    "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
    "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
constexpr const char* CAPABILITIES[SAVED_CAPABILITIES] = {"inheritable", "permitted", "effective",
                                                          "bounding", "ambient"};

class Reader {
  public:
    explicit Reader(const CoreFile& core) { process_.pieces = core.pieces; }

    void take(const Json& told);
    void take_notes(const CoreFile& core);
    std::string wrong() const { return json_.wrong(); }
    SavedProcess finish() { return std::move(process_); }

  private:
    void take_rights(const Json& rights);
    void take_memory(const Json& memory);
    void take_timers(const Json& timers);
    void take_thread(const Json& thread);
    void take_mapping(const Json& mapping);
    void take_file(const Json& file);
    void take_signal(const Json& signal);
    void take_status(const CoreNote& note, SavedThread*& thread);
    void take_vector(const CoreNote& note);

    SavedJson json_;
    SavedProcess process_;
};

void Reader::take_rights(const Json& rights) {
    const Json& uid = json_.array(rights, "uid", 4);
    const Json& gid = json_.array(rights, "gid", 4);
    for (size_t i = 0; i < 4; i++) {
        process_.uid[i] = json_.number(json_.entry(uid, i), UINT32_MAX);
        process_.gid[i] = json_.number(json_.entry(gid, i), UINT32_MAX);
    }
    for (const Json& group : json_.array(rights, "groups", MOST_GROUPS))
        process_.groups.push_back(static_cast<uint32_t>(json_.number(group, UINT32_MAX)));
    process_.securebits = json_.number(rights, "securebits", UINT32_MAX);
    const Json& all = json_.at(rights, "capabilities");
    for (size_t i = 0; i < SAVED_CAPABILITIES; i++)
        process_.capabilities[i] = json_.number(all, CAPABILITIES[i]);
}

void Reader::take_memory(const Json& memory) {
    process_.code = json_.bounds(memory, "code");
    process_.data = json_.bounds(memory, "data");
    process_.heap = json_.bounds(memory, "heap");
    process_.arguments = json_.bounds(memory, "arguments");
    process_.environment = json_.bounds(memory, "environment");
    process_.stack = json_.number(memory, "stack");
    for (const char* what : {"in_swap", "moving"})
        for (const Json& one : json_.array(memory, what, MOST_MAPPINGS))
            process_.missing.push_back(json_.range(one));
}

void Reader::take_timers(const Json& timers) {
    process_.real_timer_interval_ns = json_.number(timers, "real_interval_ns");
    // One with an interval stands still between its signal and when that is taken (it_real_fn()).
    process_.has_real_timer = json_.truth(timers, "real") || process_.real_timer_interval_ns != 0;
    process_.has_other_timers = json_.truth(timers, "cpu") || json_.truth(timers, "posix");
}

void Reader::take_thread(const Json& thread) {
    SavedThread one;
    one.tid = static_cast<int>(json_.number(thread, "tid", MOST_THREADS));
    one.name = json_.text(thread, "name");
    one.registers_are = json_.text(thread, "registers");
    one.fpu_is = json_.text(thread, "fpu");
    one.blocked = json_.number(thread, "blocked");
    one.pending = json_.number(thread, "pending");
    const Json& stack = json_.at(thread, "signal_stack");
    one.signal_stack = json_.number(json_.entry(stack, 0));
    one.signal_stack_size = json_.number(json_.entry(stack, 1));
    one.signal_stack_flags = json_.number(thread, "signal_stack_flags", UINT32_MAX);
    one.robust_list = json_.number(thread, "robust_list");
    one.clear_tid = json_.number(thread, "clear_tid");
    const Json& rseq = json_.at(thread, "rseq");
    one.rseq = json_.number(json_.entry(rseq, 0));
    one.rseq_size = json_.number(json_.entry(rseq, 1), UINT32_MAX);
    one.rseq_signature = json_.number(json_.entry(rseq, 2), UINT32_MAX);
    one.policy = json_.number(thread, "policy", UINT32_MAX);
    one.nice = json_.signed_number(thread, "nice", -20, 19);
    one.realtime_priority = json_.number(thread, "realtime_priority", 99);
    one.system_call_filter = json_.number(thread, "system_call_filter", UINT32_MAX);
    one.has_no_new_rights = json_.truth(thread, "no_new_rights");
    if (one.tid == 0) json_.blame("a thread has no number");
    if (one.registers_are == "it has ended" || one.registers_are == "not in memory")
        process_.threads_left_out += one.registers_are == "not in memory" ? 1 : 0;
    else
        process_.threads.push_back(std::move(one));
}

void Reader::take_mapping(const Json& mapping) {
    SavedMapping one;
    one.range = json_.range(json_.at(mapping, "range"));
    one.flags = json_.number(mapping, "flags");
    one.has_file = mapping.is_object() && mapping.contains("path");
    const auto& all = process_.mappings;
    if (!all.empty() && one.range.first < all.back().range.end)
        json_.blame("two mappings have one place");
    if (one.has_file) {
        one.path = json_.text(mapping, "path");
        one.kind = json_.text(mapping, "kind");
        one.from = json_.number(mapping, "from", INT64_MAX);
        one.inode = json_.number(mapping, "inode");
        one.bytes = json_.number(mapping, "bytes", INT64_MAX);
        one.written_ns = json_.number(mapping, "written_ns");
        one.is_deleted = json_.truth(mapping, "deleted");
    }
    process_.mappings.push_back(std::move(one));
}

void Reader::take_file(const Json& file) {
    SavedDescriptor one;
    one.descriptor = static_cast<int>(json_.number(file, "descriptor", MOST_FILES));
    one.kind = json_.text(file, "kind");
    one.path = json_.text(file, "path");
    const Json& device = json_.at(file, "device");
    one.device = {json_.number(json_.entry(device, 0), UINT32_MAX),
                  json_.number(json_.entry(device, 1), UINT32_MAX)};
    one.inode = json_.number(file, "inode");
    one.offset = json_.signed_number(file, "offset", INT64_MIN, INT64_MAX);
    one.bytes = json_.number(file, "bytes", INT64_MAX);
    one.written_ns = json_.number(file, "written_ns");
    one.flags = static_cast<int>(json_.number(file, "flags", INT32_MAX));
    one.closes_on_exec = json_.truth(file, "close_on_exec");
    one.is_deleted = json_.truth(file, "deleted");
    one.shares = json_.number(file, "shares");
    const auto& all = process_.files;
    if (!all.empty() && one.descriptor <= all.back().descriptor)
        json_.blame("two open files have one number");
    process_.files.push_back(std::move(one));
}

void Reader::take_signal(const Json& signal) {
    SavedSignal one;
    one.number = static_cast<int>(json_.number(signal, "signal", SIGNALS));
    const Json& handler = json_.at(signal, "handler");
    one.handler = handler == "ignored" ? IGNORED : json_.number(handler);
    one.flags = json_.number(signal, "flags");
    one.restorer = json_.number(signal, "restorer");
    one.mask = json_.number(signal, "mask");
    if (one.number == 0) json_.blame("a signal has no number");
    process_.signals.push_back(one);
}

void Reader::take(const Json& told) {
    if (json_.number(told, "form") != CORE_FORM) {
        json_.blame("another defib made it");
        return;
    }
    process_.pid = static_cast<int>(json_.number(told, "pid", MOST_THREADS));
    process_.state = json_.text(told, "state");
    process_.held = json_.text(told, "held");
    process_.program = json_.text(told, "program");
    process_.root = json_.text(told, "root");
    process_.folder = json_.text(told, "folder");
    process_.umask = json_.number(told, "umask", 0777);
    process_.pending = json_.number(told, "pending");
    process_.has_name_spaces = json_.text(told, "name_spaces") != "the machine's";
    take_rights(json_.at(told, "rights"));
    take_memory(json_.at(told, "memory"));
    take_timers(json_.at(told, "timers"));
    const Json& limits = json_.at(told, "limits");
    for (size_t i = 0; i < SAVED_LIMITS; i++) {
        const Json& one = json_.at(limits, LIMITS[i]);
        process_.limits[i] = {json_.number(json_.entry(one, 0)), json_.number(json_.entry(one, 1))};
    }
    for (const Json& one : json_.array(told, "threads", MOST_THREADS)) take_thread(one);
    for (const Json& one : json_.array(told, "mappings", MOST_MAPPINGS)) take_mapping(one);
    for (const Json& one : json_.array(told, "files", MOST_FILES)) take_file(one);
    for (const Json& one : json_.array(told, "signals", SIGNALS)) take_signal(one);
}

void Reader::take_status(const CoreNote& note, SavedThread*& thread) {
    elf_prstatus status{};
    thread = nullptr;
    if (note.text.size() != sizeof status) return json_.blame("registers of another size");
    std::memcpy(&status, note.text.data(), sizeof status);
    const auto found = std::ranges::find(process_.threads, status.pr_pid, &SavedThread::tid);
    if (found == process_.threads.end()) return json_.blame("registers of no thread");
    static_assert(sizeof status.pr_reg == sizeof found->registers);
    std::memcpy(&found->registers, &status.pr_reg, sizeof found->registers);
    if (found->registers.cs != USER_CODE || found->registers.ss != USER_DATA)
        return json_.blame("registers of no 64-bit program");
    thread = &*found;
}

void Reader::take_vector(const CoreNote& note) {
    for (size_t at = 0; at + sizeof(uint64_t) <= note.text.size(); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        std::memcpy(&word, note.text.data() + at, sizeof word);
        process_.auxiliary.push_back(word);
    }
    if (process_.auxiliary.size() % 2 != 0) process_.auxiliary.push_back(0);
    if (process_.auxiliary.size() > 1024) json_.blame("an auxiliary vector that is no such thing");
}

void Reader::take_notes(const CoreFile& core) {
    SavedThread* thread = nullptr;
    for (const CoreNote& note : core.notes) {
        const bool is_kernels = note.name == "CORE" || note.name == "LINUX";
        if (!is_kernels) continue;
        if (note.type == NT_PRSTATUS) take_status(note, thread);
        if (note.type == NT_AUXV) take_vector(note);
        const bool is_fpu = note.type == NT_PRFPREG || note.type == NT_X86_XSTATE;
        if (!is_fpu || thread == nullptr) continue;
        if (note.text.size() < LEAST_FPU || note.text.size() > MOST_FPU)
            return json_.blame("vector registers of another size");
        thread->fpu = note.text;
    }
    for (const SavedThread& one : process_.threads)
        if (one.registers.cs == 0) json_.blame("a thread has no registers");
    if (process_.threads.empty()) json_.blame("there is no thread in it");
    // Whose number is the process' comes first: it is the one that is born as a process.
    const auto first = std::ranges::find(process_.threads, process_.pid, &SavedThread::tid);
    if (first != process_.threads.end()) std::swap(process_.threads.front(), *first);
}

const CoreNote* our_note(const CoreFile& core) {
    const auto found = std::ranges::find_if(core.notes, [](const CoreNote& note) {
        return note.name == OUR_NOTES && note.type == static_cast<uint32_t>(NoteKind::process);
    });
    return found == core.notes.end() ? nullptr : &*found;
}

}  // namespace

std::optional<uint64_t> SavedProcess::auxiliary_value(uint64_t type) const {
    for (size_t i = 0; i + 1 < auxiliary.size() && auxiliary[i] != AT_NULL; i += 2)
        if (auxiliary[i] == type) return auxiliary[i + 1];
    return std::nullopt;
}

Bytes SavedProcess::bytes_at(uint64_t address) const {
    const auto behind = std::ranges::upper_bound(pieces, address, {}, &CorePiece::first);
    if (behind == pieces.begin()) return {};
    const CorePiece& piece = *std::prev(behind);
    return address < piece.end() ? piece.bytes.subspan(address - piece.first) : Bytes();
}

Result<SavedProcess> read_saved_process(Bytes file, const std::string& name) {
    const auto core = read_core_file(file, name);
    if (!core) return std::unexpected(core.error());
    const CoreNote* note = our_note(*core);
    if (note == nullptr)
        return not_a_core(name, "defib checkpoint did not make it", "gdb may open it");
    const auto told = Json::parse(as_text(note->text), nullptr, false);
    if (told.is_discarded()) return not_a_core(name, "its note is damaged");
    Reader reader(*core);
    reader.take(told);
    if (reader.wrong().empty()) reader.take_notes(*core);
    if (!reader.wrong().empty()) return not_a_core(name, reader.wrong());
    return reader.finish();
}

}  // namespace defib::boot
