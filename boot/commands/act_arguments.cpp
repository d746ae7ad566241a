// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/act_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace defib::boot {
namespace {

std::optional<uint64_t> number_of(std::string_view text, const Argument& argument) {
    const bool is_negative = text.starts_with('-') && argument.is_signed;
    if (is_negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    }
    uint64_t value = 0;
    const auto [at, error] = std::from_chars(text.begin(), text.end(), value, base);
    if (error != std::errc() || at != text.end()) return std::nullopt;
    const uint64_t bits = 8 * std::clamp<uint64_t>(argument.width, 1, 8);
    const uint64_t most = (~uint64_t{0} >> (64 - bits)) >> (argument.is_signed ? 1 : 0);
    if (value > most) return std::nullopt;
    return is_negative ? 0 - value : value;
}

// An image's binding has no names of signals. On both architectures that are guarded these are the
// kernel's (asm-generic/signal.h), as they are this program's.
std::optional<uint64_t> usual_signal(std::string_view name) {
    constexpr std::pair<std::string_view, int> SIGNALS[] = {
        {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ABRT", SIGABRT},
        {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},
        {"TERM", SIGTERM}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}};
    for (const auto& [known, number] : SIGNALS) {
        if (known == name) return static_cast<uint64_t>(number);
    }
    return std::nullopt;
}

// Signals may be called by name; the numbers are the kernel's own.
std::optional<uint64_t> signal_number(const Session& session, std::string_view name) {
    if (name.starts_with("SIG")) name.remove_prefix(3);
    const auto found = session.layout().constants.find("SIG" + std::string(name));
    if (found == session.layout().constants.end()) return usual_signal(name);
    return static_cast<uint64_t>(found->second.value);
}

// include/uapi/asm-generic/resource.h; their numbers are their places.
constexpr std::string_view RESOURCES[] = {
    "CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
    "MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};

std::optional<uint64_t> resource_number(std::string_view name) {
    if (name.starts_with("RLIMIT_")) name.remove_prefix(7);
    const auto found = std::ranges::find(RESOURCES, name);
    if (found == std::end(RESOURCES)) return std::nullopt;
    return static_cast<uint64_t>(found - std::begin(RESOURCES));
}

std::optional<uint64_t> named_value(const Session& session, std::string_view argument,
                                    std::string_view word) {
    if (argument == "signal") return signal_number(session, word);
    if (argument == "resource") return resource_number(word);
    return std::nullopt;
}

std::string values_of(const Argument& argument) {
    if (argument.name == "signal") return "a number, or a name as KILL, TERM, STOP, CONT, HUP";
    if (argument.name == "resource") {
        return fmt::format("a number, or one of {}", fmt::join(RESOURCES, ", "));
    }
    return fmt::format("a whole number of {} bytes{}", argument.width,
                       argument.is_signed ? ", also below 0" : "");
}

std::optional<uint64_t> value_in(const DefibProcessRecord& process, std::string_view name) {
    const std::pair<std::string_view, uint64_t> values[] = {
        {"task", process.task},
        {"pid", static_cast<uint64_t>(process.pid)},
        {"tgid", static_cast<uint64_t>(process.tgid)},
        {"start_ns", process.start_ns},
        {"cpu", process.cpu},
        {"cgroup", process.cgroup},
    };
    for (const auto& [known, value] : values) {
        if (known == name) return value;
    }
    return std::nullopt;
}

std::string usage_of(std::span<const Argument> arguments) {
    std::string text;
    for (const Argument& one : arguments) text += (text.empty() ? "" : ", ") + one.name;
    return text.empty() ? "it takes none" : "it takes " + text;
}

}  // namespace

Result<DefibProcessRecord> find_process(Session& session, int64_t pid) {
    const auto seen = session.view("process", "threads");
    if (!seen) return std::unexpected(seen.error());
    for (const SeenRecord& record : seen->records) {
        const auto process = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
        if (process && process->pid == pid) return *process;
    }
    return fail(DEFIB_ERROR_BOOT_NOT_DONE, std::to_string(pid), "no such process");
}

Result<std::map<std::string, std::string>> read_words(const std::vector<std::string>& words) {
    std::map<std::string, std::string> named;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const std::string name = equals == std::string::npos ? "pid" : word.substr(0, equals);
        const std::string value = equals == std::string::npos ? word : word.substr(equals + 1);
        if (!named.emplace(name, value).second) {
            return fail(DEFIB_ERROR_BASE_USAGE, word, name + " is given twice");
        }
    }
    return named;
}

Result<ActArguments> fill_arguments(Session& session, const RoutineEntry& routine,
                                    std::map<std::string, std::string> words) {
    const auto arguments = session.manifest().given_arguments(routine);
    std::optional<DefibProcessRecord> process;
    ActArguments filled;
    if (const auto pid = words.find("pid"); pid != words.end()) {
        const auto number = number_of(pid->second, {"pid", "integer", 4, true});
        if (!number) return fail(DEFIB_ERROR_BASE_USAGE, pid->second, "is no pid");
        auto found = find_process(session, static_cast<int64_t>(*number));
        if (!found) return std::unexpected(found.error());
        process = *found;
        words.erase(pid);
        filled.about =
            fmt::format("{} {}", process->pid,
                        printable({process->comm, strnlen(process->comm, sizeof process->comm)}));
    }
    for (const Argument& argument : arguments) {
        if (const auto word = words.find(argument.name); word != words.end()) {
            auto value = number_of(word->second, argument);
            if (!value) value = named_value(session, argument.name, word->second);
            if (!value) {
                return fail(DEFIB_ERROR_BASE_USAGE, argument.name + "=" + word->second,
                            "is no value for it", values_of(argument));
            }
            filled.values.push_back(*value);
            words.erase(word);
            continue;
        }
        const auto value = process ? value_in(*process, argument.name) : std::nullopt;
        if (!value) {
            return fail(DEFIB_ERROR_BASE_USAGE, routine.name, "it is not said: " + argument.name,
                        usage_of(arguments));
        }
        filled.values.push_back(*value);
    }
    if (!words.empty()) {
        return fail(DEFIB_ERROR_BASE_USAGE, words.begin()->first,
                    "is nothing that " + routine.name + " takes", usage_of(arguments));
    }
    return filled;
}

}  // namespace defib::boot
