// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib checkpoint PID`: one process as a core. It stands still for as long as its memory takes to
// copy: what can be done before and behind that is done there.
#include "boot/commands/checkpoint.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "boot/commands/act_arguments.h"
#include "boot/commands/checkpoint_json.h"
#include "boot/commands/look.h"
#include "boot/commands/task_state.h"
#include "boot/find/kernel_memory.h"
#include "boot/salvage/core_notes.h"
#include "boot/salvage/core_series.h"
#include "boot/salvage/dump.h"
#include "boot/salvage/file_pages.h"
#include "boot/salvage/process_core.h"
#include "boot/session/hold.h"
#include "engine/runtime/translate.h"

namespace defib::boot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t MOST_TEXT = uint64_t{4} << 20;  // of arguments, or of the environment
constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t MOST_EVERY_MS = uint64_t{1} << 40;
constexpr size_t CODE_SEGMENT = 17;         // among a thread's registers
constexpr uint64_t CODE_SEGMENT_32 = 0x23;  // __USER32_CS

struct Arguments {
    LookArguments look;
    int pid = 0;
    std::string output;
    uint32_t deadline_ms = 5000;
    bool is_as_it_is = false;
    uint64_t every_ms = 0;  // 0: once
    size_t keep = 3;
};

// What is written, and what it holds already; null: nothing.
struct Goal {
    NewFile& file;
    KnownPages* known;
};

std::chrono::microseconds since(Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

Result<DefibProcessRecord> process_of(Session& session, int pid) {
    const auto found = find_process(session, pid);
    if (!found) return found;
    const std::string who = std::to_string(pid);
    if (found->tgid != pid) {
        return fail(DEFIB_ERROR_BASE_USAGE, who, fmt::format("a thread of process {}", found->tgid),
                    "give the process");
    }
    if (found->mm == 0 && found->threads < 2) {
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, who,
                    "it has no memory of its own: a thread of the kernel's, or one that has ended");
    }
    if (session.target().kind() == TargetKind::host && pid == ::getpid()) {
        return fail(DEFIB_ERROR_BASE_USAGE, who, "this is the one that copies",
                    "take it from another process");
    }
    return found;
}

// Where the kernel has the top of its page tables: in the direct map.
Result<uint64_t> page_table_of(const Session& session, uint64_t address) {
    KernelMemory memory(session.kernel().window, session.kernel().map);
    DefibCache cache{};
    const auto place = runtime::translate(memory.target(), cache, address & ~(PAGE_SIZE - 1), 8);
    if (place.death != DEFIB_DEATH_NONE) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(),
                    fmt::format("no page table at {:#x}", address));
    }
    return place.physical;
}

std::string text_between(UserPages& pages, uint64_t first, uint64_t end) {
    return first < end ? pages.read(first, std::min(end - first, MOST_TEXT)) : std::string();
}

bool is_32_bit(const ProcessImage& image) {
    return std::ranges::any_of(image.threads, [](const ImageThread& thread) {
        return thread.data.has_registers != 0 &&
               (thread.data.registers[CODE_SEGMENT] & 0xffff) == CODE_SEGMENT_32;
    });
}

// What is done while it stands still.
Result<Checkpoint> copy(Session& session, const DefibProcessRecord& who, const Mounts& mounts,
                        const Goal& goal) {
    FileNames names(session);
    auto image = look_at_process(session, who, mounts, names);
    if (!image) return std::unexpected(image.error());
    if (is_32_bit(*image)) {
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, std::to_string(who.pid),
                    "a 32-bit program: no core is made of these");
    }
    const auto top = page_table_of(session, image->process.page_table);
    if (!top) return std::unexpected(top.error());
    Checkpoint taken;
    taken.image = std::move(*image);
    const DefibImageRecord& process = taken.image.process;
    UserPages pages(session.kernel().window, session.kernel().map, *top);
    const auto start = Clock::now();
    auto memory = write_core_memory(taken.image.areas, pages, goal.file, CORE_MEMORY_AT,
                                    Hold::is_asked_to_end, goal.known);
    if (!memory) return std::unexpected(memory.error());
    taken.memory = std::move(*memory);
    taken.copying = since(start);
    taken.arguments = text_between(pages, process.arg_start, process.arg_end);
    taken.environment = text_between(pages, process.env_start, process.env_end);
    return taken;
}

bool has_panicked(Session& session, const DefibProcessRecord& who) {
    const auto seen = session.view(
        "image", {}, std::array{who.task, static_cast<uint64_t>(who.pid), who.start_ns});
    if (!seen || seen->records.empty()) return false;
    const auto image = seen->records.front().as<DefibImageRecord>(DEFIB_RECORD_IMAGE);
    return image && image->has_panicked != 0;
}

// What thaws it when this program cannot. Not by the GPU, which the one that ended may still hold.
std::vector<std::string> thaw_command(const Arguments& arguments) {
    std::vector<std::string> words = {
        "act",       "thaw", std::to_string(arguments.pid), "--target", arguments.look.target,
        "--backend", "cpu"};
    if (!arguments.look.layout.empty())
        words.insert(words.end(), {"--layout", arguments.look.layout});
    return words;
}

Result<Checkpoint> take_held(Session& session, const DefibProcessRecord& who, const Mounts& mounts,
                             const Goal& goal, const Arguments& arguments) {
    const std::chrono::milliseconds within(arguments.deadline_ms);
    auto hold = Hold::take(session, who, within, thaw_command(arguments));
    if (!hold) return std::unexpected(hold.error());
    auto taken = copy(session, who, mounts, goal);
    if (!taken) return taken;
    if (auto held = (*hold)->check(); !held) return std::unexpected(held.error());
    const auto frozen = (*hold)->release();
    if (!frozen) return std::unexpected(frozen.error());
    taken->held = (*hold)->was_frozen_before() ? "frozen before, and left so" : "frozen";
    taken->frozen = *frozen;
    taken->until_it_stood = (*hold)->until_it_stood();
    return taken;
}

// A dump may have been made without what a core is about.
Result<std::string> doubts_of_dump(const Session& session) {
    const uint32_t level = level_of_dump(session).value_or(0);
    if ((level & DUMP_WITHOUT_USER) != 0) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, session.target().name(),
                    "it was made without the pages of processes", "take one with --level 0 to 7");
    }
    if ((level & (DUMP_WITHOUT_CACHE | DUMP_WITHOUT_PRIVATE_CACHE)) == 0) return "";
    return "The dump was made without pages of files: what is mapped of these is zeros here. ";
}

Result<Checkpoint> take(Session& session, const DefibProcessRecord& who, const Arguments& arguments,
                        const Goal& goal) {
    const auto left_out = doubts_of_dump(session);
    if (!left_out) return std::unexpected(left_out.error());
    std::string doubts = *left_out;
    const auto mounts = mounts_of(session, doubts);
    if (!mounts) return std::unexpected(mounts.error());
    const bool is_dead = session.target().kind() == TargetKind::core || has_panicked(session, who);
    auto taken = is_dead || arguments.is_as_it_is
                     ? copy(session, who, *mounts, goal)
                     : take_held(session, who, *mounts, goal, arguments);
    if (!taken) return taken;
    if (is_dead) taken->held = "dead";
    if (taken->held.empty()) taken->held = "as it is";
    taken->image.state = state_letter(session.layout(), who.state, who.exit_state);
    taken->image.doubts += doubts;
    return taken;
}

std::string how_it_stood(const Checkpoint& taken) {
    if (taken.held != "frozen") return taken.held;
    return fmt::format("frozen for {:.1f} ms, {:.1f} of them until it stood",
                       static_cast<double>(taken.frozen.count()) / 1000,
                       static_cast<double>(taken.until_it_stood.count()) / 1000);
}

void tell(const std::string& output, const Checkpoint& taken) {
    constexpr double MB = 1 << 20;
    const double megabytes = static_cast<double>(taken.memory.bytes) / MB;
    const double seconds = static_cast<double>(taken.copying.count()) / 1e6;
    const ProcessImage& image = taken.image;
    fmt::print(
        "{}: process {} {}, {} threads, {} mappings, {} open files, {:.1f} MB, {:.1f} of them "
        "written\n{}; copied at {:.0f} MB/s\n",
        output, image.process.pid, image.threads.empty() ? "" : image.threads.front().comm,
        image.threads.size(), image.areas.size(), image.files.size(), megabytes,
        static_cast<double>(taken.memory.written) / MB, how_it_stood(taken),
        seconds > 0 ? megabytes / seconds : 0);
    std::fflush(stdout);
    for (const std::string& doubt : doubts_of(taken)) fmt::print(stderr, "defib: {}\n", doubt);
}

// One core, from the first byte to its own name.
Result<void> make(Session& session, const DefibProcessRecord& who, const Arguments& arguments,
                  const Goal& goal, const std::string& output) {
    const auto taken = take(session, who, arguments, goal);
    if (!taken) return std::unexpected(taken.error());
    if (!session.target().is_still_there()) {
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, session.target().name(),
                    "it went while a process was copied");
    }
    auto json = boot::json_of(session);
    json.update(json_of(*taken));
    const std::string notes = core_notes(taken->image, taken->arguments, json.dump(1));
    if (auto done = finish_core(goal.file, taken->memory, notes); !done) return done;
    if (arguments.look.is_json)
        print_json(json);
    else
        tell(output, *taken);
    return {};
}

Result<void> make_next(Session& session, const DefibProcessRecord& who, const Arguments& arguments,
                       CoreSeries& series) {
    auto file = series.begin();
    if (!file) return std::unexpected(file.error());
    const Goal goal{*file, &series.known()};
    if (auto made = make(session, who, arguments, goal, arguments.output); !made) return made;
    return series.take();
}

// INT, TERM or HUP, which wait until they are asked for.
bool is_ended_within(std::chrono::milliseconds time) {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int one : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ending, one);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec limit{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
    return sigtimedwait(&ending, nullptr, &limit) > 0;
}

void keep_ending_signals() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int one : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ending, one);
    sigprocmask(SIG_BLOCK, &ending, nullptr);
}

// One that cannot be made is told of, and the next one is tried: the disk may be less full then.
Result<int> go_on(Session& session, const DefibProcessRecord& who, const Arguments& arguments,
                  CoreSeries& series) {
    const std::chrono::milliseconds every(arguments.every_ms);
    auto next = Clock::now() + every;
    for (;;) {
        const auto now = Clock::now();
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - now);
        if (is_ended_within(std::max(left, std::chrono::milliseconds(0)))) return DEFIB_EXIT_DONE;
        // What took longer than that is not made up for.
        next = std::max(next + every, Clock::now());
        const auto made = make_next(session, who, arguments, series);
        if (made) continue;
        if (made.error().code == DEFIB_ERROR_BOOT_TARGET_LOST) return std::unexpected(made.error());
        const auto found = find_process(session, who.pid);
        if (!found || found->start_ns != who.start_ns) {
            fmt::print(stderr, "defib: process {} has ended; {} is its last core\n", who.pid,
                       series.newest().string());
            return DEFIB_EXIT_DONE;
        }
        if (!Hold::is_asked_to_end()) fmt::print(stderr, "defib: {}\n", to_line(made.error()));
    }
}

Result<int> checkpoint(const Arguments& arguments) {
    // A file that may not grow any more is an error, and no reason to end with a process frozen.
    signal(SIGXFSZ, SIG_IGN);
    const bool may_write = !arguments.is_as_it_is && !arguments.look.target.starts_with("core:");
    auto session = open_session(arguments.look, may_write ? Access::act : Access::look);
    if (!session) return std::unexpected(session.error());
    const auto who = process_of(**session, arguments.pid);
    if (!who) return std::unexpected(who.error());
    if (arguments.every_ms != 0) {
        keep_ending_signals();
        auto series = CoreSeries::open(arguments.output, arguments.keep);
        if (!series) return std::unexpected(series.error());
        if (auto made = make_next(**session, *who, arguments, *series); !made)
            return std::unexpected(made.error());
        return go_on(**session, *who, arguments, *series);
    }
    auto file = NewFile::make(arguments.output);
    if (!file) return std::unexpected(file.error());
    const auto made = make(**session, *who, arguments, {*file, nullptr}, arguments.output);
    return made ? Result<int>(DEFIB_EXIT_DONE) : std::unexpected(made.error());
}

}  // namespace

Action declare_checkpoint(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.get_option("--json")->description(
        "what the core's own notes have no place for, as JSON");
    options.add_option("pid", arguments->pid, "which process")->required()->type_name("PID");
    options.add_option("-o,--output", arguments->output, "the file to make")
        ->required()
        ->type_name("FILE");
    options
        .add_option("--deadline", arguments->deadline_ms, "how long to wait until it stands still")
        ->type_name("MS");
    auto* every = options
                      .add_option("--every", arguments->every_ms,
                                  "one after the other, until the process or this program ends; "
                                  "FILE is a link to the newest, FILE.NUMBER each")
                      ->transform(CLI::AsNumberWithUnit(std::map<std::string, uint64_t>{
                          {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}))
                      ->check(CLI::Range(uint64_t{1}, MOST_EVERY_MS))
                      ->type_name("TIME");
    options.add_option("--keep", arguments->keep, "as many as these are kept (3)")
        ->needs(every)
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
    options.add_flag("--as-it-is", arguments->is_as_it_is,
                     "do not freeze it: of a kernel that hangs, where nothing runs");
    return [arguments] { return checkpoint(*arguments); };
}

}  // namespace defib::boot
