// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An argument that the policy does not mention is filled by its name: `pid` is the victim's, `key`
// the finding's. What the policy gives goes before: a number, or the name of another source.
#include "image/policy/step.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/abi/finding.h"

namespace defib::image {
namespace {

struct Source {
    std::string_view name;
    uint32_t source;
};
constexpr Source SOURCES[] = {
    {"key", DEFIB_FROM_KEY},       {"task", DEFIB_FROM_TASK},         {"pid", DEFIB_FROM_PID},
    {"tgid", DEFIB_FROM_TGID},     {"start_ns", DEFIB_FROM_START_NS}, {"cpu", DEFIB_FROM_CPU},
    {"cgroup", DEFIB_FROM_CGROUP}, {"object", DEFIB_FROM_OBJECT},
};
constexpr std::string_view EVIDENCE = "evidence";
constexpr uint64_t LAST_SIGNAL = 64;  // _NSIG in include/uapi/asm-generic/signal.h

std::optional<DefibPolicyArgument> source_of(std::string_view name) {
    for (const Source& one : SOURCES) {
        if (one.name == name) return DefibPolicyArgument{one.source, 0, 0};
    }
    if (!name.starts_with(EVIDENCE) || name.size() != EVIDENCE.size() + 1) return std::nullopt;
    const char digit = name.back();
    if (digit < '0' || digit >= '0' + DEFIB_FINDING_EVIDENCE) return std::nullopt;
    return DefibPolicyArgument{DEFIB_FROM_EVIDENCE, static_cast<uint32_t>(digit - '0'), 0};
}

// What the step says of this argument, or what its name says.
std::optional<DefibPolicyArgument> read_argument(ObjectReader& given,
                                                 const WordArgument& argument) {
    const JsonValue* value = given.take(argument.name);
    if (value == nullptr) {
        const auto source = source_of(argument.name);
        if (!source) {
            given.complain(fmt::format(
                "{} is missing: a number, or where it comes from (key, evidence0, object, ...)",
                argument.name));
        }
        return source;
    }
    if (const auto* name = value->get<std::string>()) {
        const auto source = source_of(*name);
        if (!source) given.complain(fmt::format("{}: nothing is called {}", argument.name, *name));
        return source;
    }
    const auto number = number_in(*value);
    // The arguments' names are an agreement: of whatever routine, this is a signal's number.
    const bool is_signal = argument.name == "signal";
    if (is_signal && number && (*number == 0 || *number > LAST_SIGNAL)) {
        given.complain(fmt::format("signal {}: there are 1 to {}", *number, LAST_SIGNAL));
        return std::nullopt;
    }
    if (number && *number <= most_of(argument)) {
        return DefibPolicyArgument{DEFIB_FROM_LITERAL, 0, *number};
    }
    given.complain(
        fmt::format("{} is no whole number from 0 to {}", argument.name, most_of(argument)));
    return std::nullopt;
}

}  // namespace

uint64_t most_of(const WordArgument& argument) {
    const uint64_t bits =
        std::clamp<uint64_t>(argument.width, 1, 8) * 8 - (argument.is_signed ? 1 : 0);
    return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
}

std::string read_step(ObjectReader& reader, const Vocabulary& vocabulary, uint32_t victim,
                      StepOf of, DefibPolicyStep& step) {
    const std::string name = reader.text("routine");
    step.deadline_ms =
        static_cast<uint32_t>(reader.number("deadline_ms", 1, DEFIB_POLICY_LONGEST_MS));
    if (of == StepOf::chain) {
        step.grace_ms =
            static_cast<uint32_t>(reader.number("grace_ms", 0, DEFIB_POLICY_LONGEST_MS));
    }
    const JsonValue none{JsonValue::Object{}};
    const JsonValue* arguments = reader.take("arguments");
    const auto routine = std::ranges::find(vocabulary.routines, name, &Word::name);
    if (routine == vocabulary.routines.end()) {
        if (!name.empty()) reader.complain(fmt::format("no routine is called {}", name));
        return {};
    }
    step.routine = routine->number;
    ObjectReader given(arguments == nullptr ? none : *arguments,
                       fmt::format("{} ({})", reader.where(), name), *reader.problems());
    for (const WordArgument& argument : routine->arguments) {
        const auto source = read_argument(given, argument);
        if (!source || step.argument_count == DEFIB_ARGUMENTS) continue;
        if (source->source >= DEFIB_FROM_TASK && victim == DEFIB_VICTIM_NONE) {
            given.complain(
                fmt::format("{} is the victim's, and the rule chooses none", argument.name));
        }
        step.arguments[step.argument_count++] = *source;
    }
    given.finish();
    if (routine->why_off.empty()) return {};
    return fmt::format("routine {} is off: {}", name, routine->why_off);
}

}  // namespace defib::image
