// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/guest.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <system_error>

#include "engine/base/file.h"
#include "tests/lab/machine.h"

namespace defib::lab {
namespace {

int shell_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

Outcome outcome_of(const Process& process) {
    return {shell_status(*process.wait_status), process.out, process.err};
}

std::string joined(const Argv& argv) {
    std::string text;
    for (const std::string& word : argv) text += (text.empty() ? "" : " ") + word;
    return text;
}

// What the agent's tools say on standard error, and what a shell's commands do.
std::unexpected<Error> refused(const std::string& about, const Outcome& outcome) {
    std::string said = outcome.err;
    while (said.ends_with('\n')) said.pop_back();
    if (said.empty()) said = fmt::format("status {}", outcome.status);
    return fail(DEFIB_ERROR_LAB_REFUSED, about, said);
}

Result<void> prepare(Guest& guest, const Disk& disk, size_t index) {
    const std::string device = fmt::format("/dev/vd{}", static_cast<char>('a' + index));
    std::string script;
    switch (disk.use) {
        case Disk::Use::RAW:
            return {};
        case Disk::Use::SWAP:
            script = fmt::format("mkswap {0} >/dev/null && swapon {0}", device);
            break;
        case Disk::Use::EXT4:
            script = fmt::format("mkdir -p {1} && mount -t ext4 {0} {1}", device, disk.mount_at);
            break;
        case Disk::Use::XFS:
            script = fmt::format("mkdir -p {1} && mount -t xfs {0} {1}", device, disk.mount_at);
            break;
    }
    auto done = guest.run({"sh", "-c", script});
    if (!done) return std::unexpected(done.error());
    if (done->status != 0) return refused(device, *done);
    return {};
}

}  // namespace

Guest::Guest(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {}
Guest::Guest(Guest&& other) noexcept = default;
Guest& Guest::operator=(Guest&& other) noexcept = default;
Guest::~Guest() = default;

namespace {

// Linux patches its own code while other CPUs run it, behind an int3 that they trap on for a
// moment. TCG, with a thread for each CPU, can deliver that trap after the patching is over, and
// then nobody expects it.
constexpr std::string_view TRAP_TOO_LATE = "int3: 0000 [#1]";
// check_timer() waits some ticks for the timer's interrupts; a machine that gives the emulator no
// time sees none.
constexpr std::string_view TIMER_TOO_LATE = "IO-APIC + timer doesn't work!";
constexpr std::string_view PANICKED = "---[ end Kernel panic";

}  // namespace

Result<Guest> Guest::boot(GuestOptions options) {
    auto guest = boot_once(options);
    if (guest || guest.error().code != DEFIB_ERROR_LAB_EMULATOR) return guest;
    return boot_once(std::move(options));
}

Result<Guest> Guest::boot_once(GuestOptions options) {
    const auto deadline = Clock::now() + options.boot_deadline;
    auto machine = Machine::start(std::move(options));
    if (!machine) return std::unexpected(machine.error());
    Guest guest(std::move(*machine));
    Link& link = *guest.machine_->link;
    bool is_dead = false;
    bool is_emulators_fault = false;
    const auto ready = [&] {
        is_dead = link.machine_ended() || link.console().contains(PANICKED);
        is_emulators_fault = is_dead && (link.console().contains(TRAP_TOO_LATE) ||
                                         link.console().contains(TIMER_TOO_LATE));
        return !link.release().empty() || is_dead;
    };
    if (!link.wait(deadline, ready) || is_dead) {
        return fail(is_emulators_fault ? DEFIB_ERROR_LAB_EMULATOR : DEFIB_ERROR_LAB_NOT_UP,
                    guest.kernel().release, guest.machine_->last_words());
    }
    if (auto greeted = guest.machine_->qmp->greet(deadline); !greeted) {
        return std::unexpected(greeted.error());
    }
    const std::vector<Disk>& disks = guest.options().disks;
    for (size_t i = 0; i < disks.size(); ++i) {
        if (auto prepared = prepare(guest, disks[i], i); !prepared) {
            return std::unexpected(prepared.error());
        }
    }
    return guest;
}

Result<uint32_t> Guest::launch(const Argv& argv, uint16_t detail, Clock::time_point deadline) {
    std::string words;
    for (const std::string& word : argv) words += word + '\0';
    Link& link = *machine_->link;
    const uint32_t id = link.new_id();
    Process* process = nullptr;
    {
        const auto lock = link.lock();
        process = &link.process(id);
    }
    link.send(FrameKind::START, detail, id, words);
    const bool answered =
        link.wait(deadline, [&] { return process->pid != 0 || process->failure != 0; });
    const auto lock = link.lock();
    const int failure = process->failure;
    if (answered && failure == 0) return id;
    link.forget(id);
    if (!answered) return no_answer(joined(argv));
    return fail(DEFIB_ERROR_LAB_REFUSED, argv.empty() ? "" : argv[0],
                std::generic_category().message(failure));
}

Result<Outcome> Guest::run(const Argv& argv, Milliseconds within, std::string_view input) {
    const auto deadline = Clock::now() + within;
    auto id = launch(argv, START_ON_PIPES, deadline);
    if (!id) return std::unexpected(id.error());
    Link& link = *machine_->link;
    for (; !input.empty(); input.remove_prefix(std::min(input.size(), FRAME_LIMIT))) {
        link.send(FrameKind::INPUT, 0, *id, input.substr(0, FRAME_LIMIT));
    }
    link.send(FrameKind::INPUT, 0, *id, {});
    const bool ended =
        link.wait(deadline, [&] { return link.process(*id).wait_status.has_value(); });
    const auto lock = link.lock();
    if (!ended) return no_answer(joined(argv));
    Outcome outcome = outcome_of(link.process(*id));
    link.forget(*id);
    return outcome;
}

Result<pid_t> Guest::start(const Argv& argv, Milliseconds within) {
    auto id = launch(argv, START_ON_PIPES, Clock::now() + within);
    if (!id) return std::unexpected(id.error());
    Link& link = *machine_->link;
    link.send(FrameKind::INPUT, 0, *id, {});
    const auto lock = link.lock();
    return link.process(*id).pid;
}

Result<ProcessState> Guest::state_of(pid_t pid) {
    Link& link = *machine_->link;
    const auto lock = link.lock();
    const Process* process = link.find_process(pid);
    if (!process) {
        return fail(DEFIB_ERROR_LAB_REFUSED, fmt::format("process {}", pid), "not started here");
    }
    ProcessState state{{}, process->out, process->err};
    if (process->wait_status) state.status = shell_status(*process->wait_status);
    return state;
}

Result<Outcome> Guest::wait_for_exit(pid_t pid, Milliseconds within) {
    if (auto known = state_of(pid); !known) return std::unexpected(known.error());
    Link& link = *machine_->link;
    const bool ended = link.wait(Clock::now() + within,
                                 [&] { return link.find_process(pid)->wait_status.has_value(); });
    if (!ended) return no_answer(fmt::format("process {}", pid));
    const auto lock = link.lock();
    return outcome_of(*link.find_process(pid));
}

Result<void> Guest::signal(pid_t pid, int number, Milliseconds within) {
    Link& link = *machine_->link;
    const uint32_t id = link.new_id();
    const int32_t words[] = {pid, number};
    link.send(FrameKind::SIGNAL, 0, id,
              std::string_view(reinterpret_cast<const char*>(words), sizeof(words)));
    const std::string about = fmt::format("signal {} to process {}", number, pid);
    if (!link.wait(Clock::now() + within, [&] { return link.answer(id).has_value(); })) {
        return no_answer(about);
    }
    const auto lock = link.lock();
    const uint32_t failure = *link.answer(id);
    if (failure == 0) return {};
    return fail(DEFIB_ERROR_LAB_REFUSED, about,
                std::generic_category().message(static_cast<int>(failure)));
}

Result<std::string> Guest::read_file(const std::string& path, Milliseconds within) {
    auto done = run({"/agent", "read", path}, within);
    if (!done) return std::unexpected(done.error());
    if (done->status != 0) return refused(path, *done);
    return std::move(done->out);
}

Result<void> Guest::write_file(const std::string& path, std::string_view content,
                               Milliseconds within) {
    auto done = run({"/agent", "write", path, "644"}, within, content);
    if (!done) return std::unexpected(done.error());
    if (done->status != 0) return refused(path, *done);
    return {};
}

Result<void> Guest::push_file(const std::filesystem::path& from, const std::string& to,
                              unsigned permissions, Milliseconds within) {
    auto file = MappedFile::open(from);
    if (!file) return std::unexpected(file.error());
    auto done = run({"/agent", "write", to, fmt::format("{:o}", permissions)}, within,
                    as_text(file->bytes()));
    if (!done) return std::unexpected(done.error());
    if (done->status != 0) return refused(to, *done);
    return {};
}

Result<void> Guest::load_module(const std::filesystem::path& file, const std::string& parameters,
                                Milliseconds within) {
    const std::string there = "/tmp/" + file.filename().string();
    if (auto pushed = push_file(file, there, 0644, within); !pushed) return pushed;
    auto done = run({"/agent", "load", there, parameters}, within);
    if (!done) return std::unexpected(done.error());
    if (done->status != 0) return refused(there, *done);
    return {};
}

bool Guest::alive(Milliseconds within, Lane lane) {
    const auto asked = Clock::now();
    Link& link = *machine_->link;
    return link.wait(asked + within, [&] {
        const auto& beats = link.beats().beats(lane);
        // Its own clock is not ours: what was seen after the question may have been beaten before
        // it, but not by more than one sample.
        return !beats.empty() && beats.back().host > asked;
    });
}

std::vector<Beat> Guest::heartbeats(Lane lane) const {
    const auto lock = machine_->link->lock();
    return machine_->link->beats().beats(lane);
}

Result<void> Guest::wait_for(std::string_view what, const std::function<bool()>& holds,
                             Milliseconds within) {
    if (machine_->link->wait_outside(Clock::now() + within, holds)) return {};
    return no_answer(std::string(what));
}

Result<void> Guest::wait_for_console(std::string_view text, Milliseconds within, size_t from) {
    Link& link = *machine_->link;
    const auto seen = [&] { return link.console().find(text, from) != std::string::npos; };
    if (link.wait(Clock::now() + within, seen)) return {};
    return no_answer("'" + std::string(text) + "' on the console");
}

std::string Guest::console() const {
    const auto lock = machine_->link->lock();
    return machine_->link->console();
}

size_t Guest::console_size() const {
    const auto lock = machine_->link->lock();
    return machine_->link->console().size();
}

std::string Guest::console_tail(size_t lines) const {
    return tail_of(console(), lines);
}

const GuestOptions& Guest::options() const {
    return machine_->options;
}
const Kernel& Guest::kernel() const {
    return machine_->kernel;
}
const std::filesystem::path& Guest::ram_file() const {
    return machine_->ram_file;
}
std::vector<RamRange> Guest::ram_ranges() const {
    return ram_ranges_of(machine_->options.ram_megabytes << 20);
}
pid_t Guest::qemu() const {
    return machine_->keeper.qemu();
}

Result<nlohmann::json> Guest::qmp(std::string_view command, const nlohmann::json& arguments,
                                  Milliseconds within) {
    return machine_->qmp->execute(command, arguments, Clock::now() + within);
}

Result<void> Guest::inject_nmi() {
    auto done = qmp("inject-nmi");
    if (!done) return std::unexpected(done.error());
    return {};
}

// The link's lock may be held: this takes none.
std::unexpected<Error> Guest::no_answer(const std::string& about) const {
    return fail(DEFIB_ERROR_LAB_NO_ANSWER, about, "the deadline passed");
}

}  // namespace defib::lab
