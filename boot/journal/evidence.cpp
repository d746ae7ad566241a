// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/routines/views/lock_records.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr double MEGABYTE = 1 << 20;
constexpr unsigned MINOR_BITS = 20;  // include/linux/kdev_t.h

// clang-format off
using Words = std::array<EvidenceWord, DEFIB_FINDING_EVIDENCE>;

constexpr EvidenceWord CPU = {"cpu", Unit::count, "CPU {}"};
constexpr EvidenceWord LASTS = {"lasts_ms", Unit::ms, "for {}"};
constexpr EvidenceWord TICKS = {"timer_ticks", Unit::count, "{} ticks of its timer meanwhile"};
constexpr EvidenceWord PREEMPT = {"preempt_count", Unit::bits, "preempt count {}"};
constexpr EvidenceWord TAINT = {"taint", Unit::bits, "?taint {}"};
constexpr EvidenceWord WAS_THERE = {"was_there", Unit::count, "?it was so before anybody looked"};
constexpr EvidenceWord FOR_MS = {"ms", Unit::ms, "?for {}"};
constexpr EvidenceWord IN_KERNEL = {"kernel_ms", Unit::ms, "?{} in the kernel"};
constexpr EvidenceWord WAITED = {"waited_ms", Unit::ms, "?waits for {}"};
constexpr EvidenceWord SPINS = {"spins_ms", Unit::ms, "?spins for {}"};
constexpr EvidenceWord PROCESSES = {"processes", Unit::count, "?{} processes"};
constexpr EvidenceWord THREADS = {"threads", Unit::count, "?{} threads"};
constexpr EvidenceWord TAKES = {"pages", Unit::pages, "{}"};
constexpr EvidenceWord GROWS = {"pages_per_s", Unit::pages_a_second, "?grows {}"};
constexpr EvidenceWord NOTHING = {};

// Its line is memory_text()'s.
constexpr Words memory(const char* last) {
    return {{{"total_pages", Unit::pages}, {"available_pages", Unit::pages},
             {"swap_total_pages", Unit::pages}, {"swap_free_pages", Unit::pages},
             {"fall_pages_per_s", Unit::pages_a_second}, {"left_ms", Unit::ms},
             {"pressure_percent", Unit::percent}, {last, Unit::pages}}};
}
constexpr EvidenceWord DOUBT = {"doubt", Unit::doubt, "?{}"};
constexpr EvidenceWord CUT_OFF = {"cut_off_switches", Unit::count, "?a CPU is cut off from its queue"};
constexpr Words spinlock(const EvidenceWord& why) {
    return {{
    {"lock", Unit::lock, "lock {}"}, {"lock_word", Unit::bits, "its word {}"},
    {"waiters", Unit::count, "{} CPUs spin"}, {"cpus", Unit::count, "of {}"}, LASTS,
    why, TAINT, {"switches", Unit::count}}};
}
constexpr Words WAITED_FOR = {{
    {"lock", Unit::lock, "?lock {}"}, {"lock_kind", Unit::waits, "?{}"},
    {"waiters", Unit::count, "waiters: {}"}, {"owner", Unit::task, "?owner: task at {}"}}};
constexpr Words BOMB = {{
    {"size", Unit::count, "{} in all"}, {"threads", Unit::count, "{} threads on the machine"},
    {"growth", Unit::count, "{} more within the window"}, {"by_name", Unit::count, "?counted by name"}}};
constexpr Words LIMIT = {{{"used", Unit::count, "{} in use"}, {"limit", Unit::count, "the limit is {}"}}};
constexpr Words LOG = {{CPU, WAS_THERE, TAINT}};

constexpr FaultEvidence TABLE[] = {
    {DEFIB_FAULT_MEMORY_LOW, memory("kernel_pages"), TAKES, GROWS},
    {DEFIB_FAULT_MEMORY_FALLING, memory("kernel_pages"), TAKES, GROWS},
    {DEFIB_FAULT_MEMORY_PRESSURE, memory("kernel_pages"), TAKES, GROWS},
    {DEFIB_FAULT_KERNEL_MEMORY, memory("slab_pages"), NOTHING, NOTHING},
    {DEFIB_FAULT_CPU_OVERLOAD, {{
        {"runnable", Unit::count, "{} tasks want to run"}, {"average", Unit::count, "{} on average"},
        {"cpus", Unit::count, "for {} CPUs"}, {"looks", Unit::count}}},
     {"ran_ms", Unit::ms, "ran {}"}, {"ms_per_s", Unit::ms_a_second, "?takes {}"}},
    {DEFIB_FAULT_REALTIME_STARVATION, {{
        CPU, {"share_percent", Unit::percent, "realtime tasks had {} of it"},
        {"looked_ms", Unit::ms, "within {}"},
        {"waiting", Unit::count, "ordinary tasks that wait: {}"}, {"looks", Unit::count}}},
     {"share_percent", Unit::percent, "?had {} of the CPU"}, NOTHING},
    {DEFIB_FAULT_KERNEL_LOOP, {{
        {"pid", Unit::count, "process {}"}, {"kernel_ms", Unit::ms, "{} in the kernel"},
        {"followed_ms", Unit::ms, "of {}"}}}, IN_KERNEL, NOTHING},
    {DEFIB_FAULT_CPU_STUCK, {{
        CPU, LASTS, TICKS, {"runnable", Unit::count, "{} runnable"}, PREEMPT,
        {"switches", Unit::count, "{} switches before"},
        {"kernel_ms", Unit::ms, "its task was in the kernel for {} in all"}}}, FOR_MS, NOTHING},
    {DEFIB_FAULT_INTERRUPTS_DEAD, {{
        CPU, LASTS, {"dead_cpus", Unit::count, "CPUs that are so: {}"},
        {"cpus", Unit::count, "of {}"}, PREEMPT, {"mark", Unit::bits}}}, FOR_MS, NOTHING},
    {DEFIB_FAULT_NEED_RESCHED, {{
        CPU, LASTS, TICKS, PREEMPT, {"thread_flags", Unit::bits, "thread flags {}"}}},
     FOR_MS, NOTHING},
    {DEFIB_FAULT_RCU_STALL, {{
        {"grace_period", Unit::count, "grace period {}"}, LASTS,
        {"cpus", Unit::count, "CPUs that hold it up: {}"}}}, NOTHING, NOTHING},
    {DEFIB_FAULT_TASK_BLOCKED, WAITED_FOR, WAITED, NOTHING},
    {DEFIB_FAULT_LOST_WAKEUP, WAITED_FOR, WAITED, NOTHING},
    {DEFIB_FAULT_LOCK_CYCLE, {{{"tasks", Unit::count, "tasks in the circle: {}"}}}, WAITED, NOTHING},
    {DEFIB_FAULT_LOCK_ABANDONED, WAITED_FOR, WAITED, NOTHING},
    {DEFIB_FAULT_FORK_BOMB, BOMB, PROCESSES, NOTHING},
    {DEFIB_FAULT_THREAD_BOMB, BOMB, THREADS, NOTHING},
    {DEFIB_FAULT_PIDS_LOW, LIMIT, THREADS, NOTHING},
    {DEFIB_FAULT_THREADS_LOW, LIMIT, THREADS, NOTHING},
    {DEFIB_FAULT_FILES_LOW, LIMIT, NOTHING, NOTHING},
    {DEFIB_FAULT_SPINLOCK_LEAKED, spinlock(CUT_OFF), SPINS, NOTHING},
    {DEFIB_FAULT_SPINLOCK_HELD, spinlock(DOUBT), SPINS, NOTHING},
    {DEFIB_FAULT_SPINLOCK_SLEEPER, spinlock(DOUBT), SPINS, NOTHING},
    {DEFIB_FAULT_PANIC, LOG, NOTHING, NOTHING},
    {DEFIB_FAULT_OOPS, {{NOTHING, WAS_THERE, TAINT}}, NOTHING, NOTHING},
    {DEFIB_FAULT_LOST_LOG_WORK, {{CPU, LASTS, TICKS}}, NOTHING, NOTHING},
    {DEFIB_FAULT_THRASH, {{
        {"swapped_out_pages_per_s", Unit::pages_a_second, "writes {} to swap"},
        {"swapped_in_pages_per_s", Unit::pages_a_second, "reads {} from it"},
        {"full_percent", Unit::percent, "all stood still for memory {} of the time"},
        {"iowait_percent", Unit::percent, "CPUs waited for disks {} of it"},
        {"swap_total_pages", Unit::pages, "swap {}"}, {"swap_free_pages", Unit::pages, "free {}"},
        {"fall_pages_per_s", Unit::pages_a_second, "falls {}"}, {"left_ms", Unit::ms, "{} left"}}},
     TAKES, GROWS},
    {DEFIB_FAULT_DISK_BUSY, {{
        {"disk", Unit::disk, "disk {}"}, {"busy_percent", Unit::percent, "busy {} of the time"},
        {"wait_ms", Unit::ms, "a request takes {}"},
        {"requests_per_s", Unit::count, "{} a second are served"},
        {"iowait_percent", Unit::percent, "CPUs waited for disks {} of the time"}}},
     {"io_pages", Unit::pages, "read and wrote {}"}, {"io_pages_per_s", Unit::pages_a_second, "?now {}"}},
    {DEFIB_FAULT_CPU_FAILING, {{
        CPU, {"errors", Unit::count, "{} errors of its own corrected"}, {"within_ms", Unit::ms, "in {}"},
        {"cores", Unit::count, "cores that are so: {}"}, {"bank", Unit::count, "the last of bank {}"},
        {"code", Unit::bits, "code {}"}}}, NOTHING, NOTHING},
};
// clang-format on

std::string bytes_text(uint64_t pages) {
    const double megabytes = static_cast<double>(pages) * PAGE / MEGABYTE;
    if (pages == 0) return "0 MB";
    if (megabytes < 10) return fmt::format("{:.1f} MB", megabytes);
    return megabytes < 10240 ? fmt::format("{:.0f} MB", megabytes)
                             : fmt::format("{:.1f} GB", megabytes / 1024);
}

const char* lock_kind_text(uint64_t kind) {
    switch (kind) {
        case DEFIB_LOCK_MUTEX:
            return "a mutex";
        case DEFIB_LOCK_RWSEM_READ:
            return "an rwsem, to read";
        case DEFIB_LOCK_RWSEM_WRITE:
            return "an rwsem, to write";
        case DEFIB_LOCK_RT_MUTEX:
            return "an rt_mutex";
        default:
            return "of an unknown kind";
    }
}

const char* doubt_text(uint64_t doubt) {
    switch (doubt) {
        case 1:
            return "one that spins holds another lock, or is in an interrupt";
        case 2:
            return "a CPU was never seen without a spinlock";
        case 3:
            return "there are more CPUs than are watched";
        case 4:
            return "a sleeping task may hold it";
        default:
            return "it may be held, for a reason that this defib does not know";
    }
}

std::string lock_text(uint64_t lock, const SymbolAt& symbol_at) {
    const std::string symbol = symbol_at ? symbol_at(lock) : std::string();
    return symbol.empty() ? fmt::format("{:#x}", lock) : fmt::format("{:#x} ({})", lock, symbol);
}

std::string value_text(Unit unit, uint64_t value, const SymbolAt& symbol_at) {
    switch (unit) {
        case Unit::pages:
            return bytes_text(value);
        case Unit::pages_a_second:
            return bytes_text(value) + "/s";
        case Unit::percent:
            return fmt::format("{} %", value);
        case Unit::ms:
            return duration_text(value);
        case Unit::ms_a_second:
            return fmt::format("{} % of a CPU", value / 10);
        case Unit::bits:
        case Unit::task:
            return fmt::format("{:#x}", value);
        case Unit::disk:
            return fmt::format("{}:{}", value >> MINOR_BITS, value & ((1U << MINOR_BITS) - 1));
        case Unit::lock:
            return lock_text(value, symbol_at);
        case Unit::waits:
            return lock_kind_text(value);
        case Unit::doubt:
            return doubt_text(value);
        default:
            return fmt::format("{}", value);
    }
}

void add_word(std::string& text, const EvidenceWord& word, uint64_t value,
              const SymbolAt& symbol_at) {
    std::string phrase = word.phrase;
    if (phrase.empty() || (phrase[0] == '?' && value == 0)) return;
    if (phrase[0] == '?') phrase.erase(0, 1);
    const size_t at = phrase.find("{}");
    if (at != std::string::npos) phrase.replace(at, 2, value_text(word.unit, value, symbol_at));
    if (!text.empty()) text += ", ";
    text += phrase;
}

// Where nothing falls there is no time that is left.
std::string memory_text(const std::array<uint64_t, DEFIB_FINDING_EVIDENCE>& words, bool is_slab) {
    constexpr uint64_t HOUR_MS = 3600000;
    const auto [total, available, swap, swap_free, fall, left_ms, pressure, kernel] = words;
    std::string text =
        fmt::format("available {} of {} ({} %)", bytes_text(available), bytes_text(total),
                    total == 0 ? 0
                               : static_cast<uint64_t>(static_cast<double>(available) /
                                                       static_cast<double>(total) * 100));
    text += swap == 0
                ? std::string(", no swap")
                : fmt::format(", swap free {} of {}", bytes_text(swap_free), bytes_text(swap));
    if (fall != 0) text += fmt::format(", falls {}/s", bytes_text(fall));
    if (fall != 0 && left_ms < HOUR_MS) text += fmt::format(", {} left", duration_text(left_ms));
    text += fmt::format(", pressure {} %", pressure);
    text += fmt::format(", {} {}", is_slab ? "unreclaimable slabs have" : "the kernel has",
                        bytes_text(kernel));
    return text;
}

bool is_address(Unit unit) {
    return unit == Unit::lock || unit == Unit::task;
}

}  // namespace

const FaultEvidence* evidence_of(uint64_t fault) {
    const auto* found = std::ranges::find(TABLE, fault, &FaultEvidence::fault);
    return found == std::end(TABLE) ? nullptr : found;
}

std::string duration_text(uint64_t ms) {
    return ms < 1000 ? fmt::format("{} ms", ms)
                     : fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
}

std::string evidence_text(uint64_t fault,
                          const std::array<uint64_t, DEFIB_FINDING_EVIDENCE>& evidence,
                          const SymbolAt& symbol_at) {
    const FaultEvidence* known = evidence_of(fault);
    if (known == nullptr) return {};
    if (known->words[0].unit == Unit::pages) {
        return memory_text(evidence, fault == DEFIB_FAULT_KERNEL_MEMORY);
    }
    std::string text;
    for (size_t i = 0; i < evidence.size(); i++) {
        add_word(text, known->words[i], evidence[i], symbol_at);
    }
    return text;
}

nlohmann::ordered_json evidence_json(uint64_t fault, size_t first,
                                     std::span<const uint64_t> values) {
    auto json = nlohmann::ordered_json::object();
    const FaultEvidence* known = evidence_of(fault);
    for (size_t i = 0; known != nullptr && i < values.size(); i++) {
        if (first + i >= known->words.size()) break;
        const EvidenceWord& word = known->words[first + i];
        if (word.unit == Unit::none) continue;
        if (is_address(word.unit)) {
            json[word.name] = fmt::format("{:#x}", values[i]);
        } else {
            json[word.name] = values[i];
        }
    }
    return json;
}

std::string culprit_text(uint64_t fault, uint64_t weight, uint64_t growth) {
    std::string text;
    const FaultEvidence* known = evidence_of(fault);
    if (known == nullptr) return fmt::format("weight {}, growth {}/s", weight, growth);
    add_word(text, known->weight, weight, {});
    add_word(text, known->growth, growth, {});
    return text;
}

nlohmann::ordered_json culprit_json(uint64_t fault, uint64_t weight, uint64_t growth) {
    auto json = nlohmann::ordered_json::object();
    const FaultEvidence* known = evidence_of(fault);
    if (known == nullptr) return json;
    if (known->weight.unit != Unit::none) json[known->weight.name] = weight;
    if (known->growth.unit != Unit::none) json[known->growth.name] = growth;
    return json;
}

std::vector<uint64_t> locks_in(uint64_t fault, size_t first, std::span<const uint64_t> values) {
    std::vector<uint64_t> locks;
    const FaultEvidence* known = evidence_of(fault);
    for (size_t i = 0; known != nullptr && i < values.size(); i++) {
        if (first + i >= known->words.size()) break;
        if (known->words[first + i].unit == Unit::lock && values[i] != 0) {
            locks.push_back(values[i]);
        }
    }
    return locks;
}

}  // namespace defib::boot
