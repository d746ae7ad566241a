// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/checkpoint_json.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "boot/salvage/core_notes.h"
#include "boot/salvage/fpu_x86_64.h"
#include "boot/session/record.h"

namespace defib::boot {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* LIMITS[DEFIB_IMAGE_LIMITS] = {
    "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
    "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
constexpr uint64_t PAGE_BYTES = 4096;
constexpr const char* CAPABILITIES[] = {"inheritable", "permitted", "effective", "bounding",
                                        "ambient"};

std::string hex(uint64_t value) {
    return fmt::format("{:#x}", value);
}

// "A=1\0B=2\0"
Json texts_in(std::string_view memory) {
    Json texts = Json::array();
    while (!memory.empty()) {
        const size_t end = memory.find('\0');
        texts.push_back(printable(memory.substr(0, end)));
        memory.remove_prefix(end == std::string_view::npos ? memory.size() : end + 1);
    }
    return texts;
}

Json json_of(const ByteRanges& ranges) {
    Json json = Json::array();
    for (const ByteRange& one : ranges.all()) json.push_back({hex(one.first), hex(one.end)});
    return json;
}

const char* registers_of(const ImageThread& thread) {
    if (thread.is(DEFIB_THREAD_HAS_ENDED)) return "it has ended";
    if (!is_in_core(thread)) return "not in memory";
    return thread.has_old_registers() ? "from when it last came into the kernel" : "saved";
}

const char* fpu_of(const ImageThread& thread) {
    if (thread.fpu.empty()) return "not in memory";
    return unpack_fpu(thread.fpu, thread.data.fpu_features).is_cut ? "not all" : "saved";
}

Json json_of(const ImageThread& thread) {
    return {{"tid", thread.data.pid},
            {"name", thread.comm},
            {"cpu", thread.data.cpu},
            {"registers", registers_of(thread)},
            {"fpu", fpu_of(thread)},
            {"blocked", hex(thread.data.blocked)},
            {"pending", hex(thread.data.pending)},
            {"signal_stack", {hex(thread.data.signal_stack), thread.data.signal_stack_size}},
            {"signal_stack_flags", hex(thread.data.signal_stack_flags)},
            {"robust_list", hex(thread.data.robust_list)},
            {"clear_tid", hex(thread.data.clear_tid)},
            {"rseq", {hex(thread.data.rseq), thread.data.rseq_size, thread.data.rseq_signature}},
            {"policy", thread.data.policy},
            {"nice", thread.data.nice},
            {"realtime_priority", thread.data.realtime_priority},
            {"system_call_filter", thread.data.filter},
            {"no_new_rights", thread.data.has_no_new_rights != 0}};
}

const char* kind_of(uint32_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return "file";
        case S_IFDIR:
            return "folder";
        case S_IFIFO:
            return "pipe";
        case S_IFSOCK:
            return "socket";
        case S_IFCHR:
        case S_IFBLK:
            return "device";
        default:
            return "other";
    }
}

Json json_of(const ImageFile& file) {
    return {{"descriptor", file.data.descriptor},
            {"kind", kind_of(file.data.kind)},
            {"device", {file.data.device >> 20, file.data.device & 0xfffff}},
            {"path", file.path},
            {"file_system", file.type},
            {"inode", file.data.number},
            {"offset", file.data.offset},
            {"bytes", file.data.size},
            {"written_ns", file.data.written_ns},
            {"flags", fmt::format("{:#o}", file.data.flags)},
            {"close_on_exec", file.data.closes_on_exec != 0},
            {"deleted", file.data.links == 0},
            {"shares", hex(file.data.file)}};
}

Json json_of(const ImageArea& area) {
    Json json = {{"range", {hex(area.data.first), hex(area.data.end)}},
                 {"flags", hex(area.data.flags)}};
    if (area.data.file == 0) return json;
    json.update({{"path", area.path},
                 {"kind", kind_of(area.data.kind)},
                 {"from", hex(area.data.page_index * PAGE_BYTES)},
                 {"inode", area.data.number},
                 {"bytes", area.data.size},
                 {"written_ns", area.data.written_ns},
                 {"deleted", area.data.links == 0}});
    return json;
}

Json json_of(const DefibImageSignalRecord& signal) {
    return {{"signal", signal.number},
            {"handler", signal.handler == 1 ? Json("ignored") : Json(hex(signal.handler))},
            {"flags", hex(signal.flags)},
            {"restorer", hex(signal.restorer)},
            {"mask", hex(signal.mask)}};
}

Json rights_of(const ProcessImage& image) {
    const DefibImageRecord& process = image.process;
    Json json = {{"uid", process.uid},
                 {"gid", process.gid},
                 {"groups", image.groups},
                 {"securebits", hex(process.securebits)}};
    for (size_t i = 0; i < std::size(CAPABILITIES); i++)
        json["capabilities"][CAPABILITIES[i]] = hex(process.capabilities[i]);
    return json;
}

Json timers_of(const DefibImageRecord& process) {
    return {{"real", (process.timers & DEFIB_TIMER_REAL) != 0},
            {"real_interval_ns", process.timer_interval_ns},
            {"cpu", (process.timers & DEFIB_TIMER_CPU) != 0},
            {"posix", (process.timers & DEFIB_TIMER_POSIX) != 0}};
}

Json memory_of(const Checkpoint& checkpoint) {
    const DefibImageRecord& process = checkpoint.image.process;
    const CoreMemory& memory = checkpoint.memory;
    return {{"code", {hex(process.start_code), hex(process.end_code)}},
            {"data", {hex(process.start_data), hex(process.end_data)}},
            {"heap", {hex(process.start_brk), hex(process.brk)}},
            {"stack", hex(process.start_stack)},
            {"arguments", {hex(process.arg_start), hex(process.arg_end)}},
            {"environment", {hex(process.env_start), hex(process.env_end)}},
            {"bytes_in_core", memory.bytes},
            {"in_swap", json_of(memory.swapped)},
            {"not_ram", json_of(memory.outside)},
            {"moving", json_of(memory.moving)},
            {"left_to_the_file", json_of(memory.in_file)},
            {"never_touched", json_of(memory.untouched)}};
}

void add_ranges(std::vector<std::string>& lines, const ByteRanges& ranges, const char* what) {
    if (!ranges.empty())
        lines.push_back(fmt::format("{} KB {}", (ranges.bytes() + 1023) / 1024, what));
}

void add_threads(std::vector<std::string>& lines, const Checkpoint& checkpoint) {
    for (const ImageThread& thread : checkpoint.image.threads) {
        const std::string who = fmt::format("thread {} {}", thread.data.pid, thread.comm);
        if (thread.is(DEFIB_THREAD_HAS_ENDED)) continue;
        if (!is_in_core(thread)) {
            lines.push_back(who + ": its registers are not in memory; it is left out");
        } else if (thread.has_old_registers()) {
            lines.push_back(fmt::format(
                "{} runs on CPU {}: its registers are from when it last came into the kernel", who,
                thread.data.cpu));
        }
    }
}

}  // namespace

Json json_of(const Checkpoint& checkpoint) {
    const ProcessImage& image = checkpoint.image;
    Json json = {{"form", CORE_FORM},
                 {"pid", image.process.pid},
                 {"state", std::string(1, image.state)},
                 {"held", checkpoint.held},
                 {"frozen_us", checkpoint.frozen.count()},
                 {"program", image.program},
                 {"root", image.root},
                 {"folder", image.folder},
                 {"umask", fmt::format("{:04o}", image.process.umask)},
                 {"parent", image.process.parent},
                 {"group", image.process.group},
                 {"session", image.process.session},
                 {"arguments", texts_in(checkpoint.arguments)},
                 {"environment", texts_in(checkpoint.environment)},
                 {"rights", rights_of(image)},
                 {"pending", hex(image.process.pending)},
                 {"timers", timers_of(image.process)},
                 {"name_spaces", image.process.has_name_spaces != 0 ? "its own" : "the machine's"},
                 {"memory", memory_of(checkpoint)}};
    for (size_t i = 0; i < DEFIB_IMAGE_LIMITS; i++)
        json["limits"][LIMITS[i]] = {image.process.limits[i], image.process.hard_limits[i]};
    json["threads"] = Json::array();
    for (const ImageThread& one : image.threads) json["threads"].push_back(json_of(one));
    json["mappings"] = Json::array();
    for (const ImageArea& one : image.areas) json["mappings"].push_back(json_of(one));
    json["files"] = Json::array();
    for (const ImageFile& one : image.files) json["files"].push_back(json_of(one));
    json["signals"] = Json::array();
    for (const auto& one : image.signals) json["signals"].push_back(json_of(one));
    json["doubts"] = doubts_of(checkpoint);
    return json;
}

std::vector<std::string> doubts_of(const Checkpoint& checkpoint) {
    std::vector<std::string> lines;
    add_threads(lines, checkpoint);
    add_ranges(lines, checkpoint.memory.swapped, "are in the swap, or on their way elsewhere");
    add_ranges(lines, checkpoint.memory.moving, "moved each time they were copied");
    if (!checkpoint.image.doubts.empty()) lines.push_back(checkpoint.image.doubts);
    return lines;
}

}  // namespace defib::boot
