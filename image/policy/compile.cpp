// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/policy/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "engine/abi/finding.h"
#include "image/policy/contradictions.h"
#include "image/policy/reader.h"
#include "image/policy/sense.h"
#include "image/policy/step.h"

namespace defib::image {
namespace {

constexpr uint64_t SCHEMA = 1;
constexpr uint64_t LONGEST = DEFIB_POLICY_LONGEST_MS;
constexpr std::string_view MODES[] = {"observe", "act"};
constexpr std::string_view VICTIMS[] = {"none", "listed", "largest", "fastest", "youngest"};
constexpr std::string_view COMPARISONS[] = {"at_least", "below", "is", "is_not"};

std::optional<uint32_t> fault_number(std::string_view word) {
#define DEFIB_FAULT_CASE(name, number, known, text) \
    if (word == (known)) return number;
    DEFIB_FAULT_LIST(DEFIB_FAULT_CASE)
#undef DEFIB_FAULT_CASE
    return std::nullopt;
}

template <size_t ROOM>
void put_text(ObjectReader& reader, std::string_view key, std::string_view text, char (&room)[ROOM],
              size_t most) {
    if (text.size() > most) {
        return reader.complain(fmt::format("{} is longer than {} letters", key, most));
    }
    text.copy(room, most);
}

const Word* find_word(const std::vector<Word>& words, std::string_view name) {
    const auto found = std::ranges::find(words, name, &Word::name);
    return found == words.end() ? nullptr : &*found;
}

// A detector as the policy sets it up.
struct Watch {
    const Word* word = nullptr;
    uint32_t period_ms = 0;
    std::array<uint64_t, DEFIB_ARGUMENTS> thresholds{};
    bool is_used = false;
};

class Compiler {
  public:
    explicit Compiler(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

    CompiledPolicy compile(const JsonValue& root) {
        DefibPolicy& table = result_.table;
        table.magic = DEFIB_POLICY_MAGIC;
        table.version = DEFIB_POLICY_VERSION;
        table.size = sizeof table;
        table.manifest_digest = vocabulary_.manifest_digest;
        table.cgroup_view = vocabulary_.cgroup_view;
        ObjectReader reader(root, "", result_.problems);
        if (reader.number("schema", 0, ~0U) != SCHEMA) reader.complain("schema is not 1");
        table.mode = reader.choice("mode", MODES);
        table.acts_per_hour =
            static_cast<uint32_t>(reader.number("repairs_per_hour", 0, DEFIB_POLICY_ALL_ACTS_MAX));
        if (const JsonValue* protect = reader.take_needed("protect")) read_protect(*protect);
        reader.each(
            "detectors", vocabulary_.detectors.size(),
            [&](const JsonValue& one, const std::string& where) { read_detector(one, where); });
        reader.each("rules", DEFIB_POLICY_RULES,
                    [&](const JsonValue& one, const std::string& where) { read_rule(one, where); });
        reader.finish();
        for (const auto& [name, watch] : watches_) {
            if (watch.is_used) continue;
            result_.problems.push_back(
                fmt::format("detectors ({}): no rule uses it, so it never runs", name));
        }
        const bool needs_paths = table.cgroup_count != 0 ||
                                 std::ranges::any_of(rules(), [](const DefibPolicyRule& rule) {
                                     return rule.within[0] != 0;
                                 });
        if (needs_paths && vocabulary_.cgroup_view == ~0U) {
            result_.problems.emplace_back(
                "it names cgroups, and no view of these routines tells a cgroup's path");
        }
        find_contradictions(table, result_.problems);
        find_nonsense(table, vocabulary_, result_.problems);
        return std::move(result_);
    }

  private:
    std::span<const DefibPolicyRule> rules() const {
        return {result_.table.rules, result_.table.rule_count};
    }

    void read_path(ObjectReader& reader, std::string_view path,
                   char (&room)[DEFIB_POLICY_PATH_SIZE]) {
        if (!is_plain(path)) return reader.complain("a cgroup's path is no printable ASCII");
        const bool is_path = path.starts_with('/') && !path.contains("//") &&
                             (path.size() == 1 || !path.ends_with('/'));
        if (!is_path) {
            return reader.complain(
                fmt::format("{} is no path of a cgroup, as /system.slice is", path));
        }
        put_text(reader, "a path", path, room, DEFIB_POLICY_PATH_SIZE - 1);
    }

    void read_protect(const JsonValue& value) {
        DefibPolicy& table = result_.table;
        ObjectReader reader(value, "protect", result_.problems);
        reader.each("names", DEFIB_POLICY_NAMES,
                    [&](const JsonValue& one, const std::string& where) {
                        const auto* name = one.get<std::string>();
                        if (name == nullptr || !is_plain(*name))
                            return reader.complain(where + " is no name");
                        // TASK_COMM_LEN: the kernel keeps no more, so a longer one would protect
                        // nobody.
                        put_text(reader, "a name of a process", *name,
                                 table.names[table.name_count++], DEFIB_POLICY_COMM_SIZE - 1);
                    });
        reader.each("cgroups", DEFIB_POLICY_CGROUPS,
                    [&](const JsonValue& one, const std::string& where) {
                        const auto* path = one.get<std::string>();
                        if (path == nullptr) return reader.complain(where + " is no path");
                        read_path(reader, *path, table.cgroups[table.cgroup_count++]);
                    });
        reader.each("pids", DEFIB_POLICY_PIDS, [&](const JsonValue& one, const std::string& where) {
            const auto pid = number_in(one);
            // PID_MAX_LIMIT
            if (!pid || *pid == 0 || *pid > 4194304) return reader.complain(where + " is no pid");
            table.pids[table.pid_count++] = static_cast<int32_t>(*pid);
        });
        reader.finish();
    }

    void read_detector(const JsonValue& value, std::string where) {
        ObjectReader reader(value, std::move(where), result_.problems);
        const std::string name = reader.text("name");
        if (!name.empty()) reader.rename(fmt::format("detectors ({})", name));
        Watch watch;
        watch.word = find_word(vocabulary_.detectors, name);
        if (watch.word == nullptr) {
            if (!name.empty()) reader.complain("there is no such detector");
            return;
        }
        watch.period_ms = static_cast<uint32_t>(reader.number_or(
            "period_ms", 1, LONGEST, std::clamp<uint64_t>(watch.word->period_ms, 1, LONGEST)));
        read_thresholds(reader, watch);
        reader.finish();
        if (!watches_.emplace(name, watch).second) reader.complain("it is there twice");
    }

    void read_thresholds(ObjectReader& reader, Watch& watch) {
        const std::vector<WordArgument>& arguments = watch.word->arguments;
        const JsonValue* found =
            arguments.empty() ? reader.take("thresholds") : reader.take_needed("thresholds");
        if (found == nullptr) return;
        ObjectReader thresholds(*found, reader.place("thresholds"), result_.problems);
        for (size_t i = 0; i < arguments.size() && i < DEFIB_ARGUMENTS; i++) {
            const bool is_share = arguments[i].name.ends_with("_percent");
            watch.thresholds[i] =
                thresholds.number(arguments[i].name, 0, is_share ? 100 : most_of(arguments[i]));
        }
        thresholds.finish();
    }

    void read_rule(const JsonValue& value, std::string where) {
        ObjectReader reader(value, std::move(where), result_.problems);
        DefibPolicyRule rule{};
        const std::string name = reader.text("name");
        if (!name.empty()) reader.rename(fmt::format("rules ({})", name));
        put_text(reader, "name", name, rule.name, DEFIB_POLICY_NAME_SIZE - 1);
        Watch* watch = read_source(reader, rule);
        rule.mode = reader.choice("mode", MODES);
        rule.held_ms = static_cast<uint32_t>(reader.number("held_ms", 0, LONGEST));
        if (const JsonValue* when = reader.take("when")) read_when(reader, *when, rule);
        if (rule.mode == DEFIB_MODE_ACT || reader.has("steps")) read_response(reader, rule);
        reader.finish();
        if (watch != nullptr) keep(*watch, rule);
    }

    Watch* read_source(ObjectReader& reader, DefibPolicyRule& rule) {
        const std::string fault = reader.text("fault");
        if (const auto number = fault_number(fault)) {
            rule.fault = *number;
        } else if (!fault.empty()) {
            reader.complain(fmt::format("no fault is called {}", fault));
        }
        const std::string detector = reader.text("detector");
        const auto watch = watches_.find(detector);
        if (watch == watches_.end()) {
            if (!detector.empty()) {
                reader.complain(fmt::format("the policy sets up no detector {}", detector));
            }
            return nullptr;
        }
        watch->second.is_used = true;
        const Word& word = *watch->second.word;
        if (rule.fault != DEFIB_FAULT_NONE && !word.faults.empty() &&
            std::ranges::find(word.faults, rule.fault, &KnownFault::number) == word.faults.end()) {
            reader.complain(fmt::format("the detector {} never reports {}", detector, fault));
        }
        rule.detector = word.number;
        rule.period_ms = watch->second.period_ms;
        std::ranges::copy(watch->second.thresholds, rule.thresholds);
        return &watch->second;
    }

    void read_when(ObjectReader& outer, const JsonValue& value, DefibPolicyRule& rule) {
        ObjectReader reader(value, outer.place("when"), result_.problems);
        if (reader.has("all_of") == reader.has("any_of")) {
            reader.complain("it is all_of or any_of");
        }
        const bool is_any = reader.has("any_of");
        rule.join = is_any ? DEFIB_JOIN_ANY : DEFIB_JOIN_ALL;
        reader.each(is_any ? "any_of" : "all_of", DEFIB_POLICY_CONDITIONS,
                    [&](const JsonValue& one, const std::string& where) {
                        ObjectReader condition(one, where, result_.problems);
                        read_condition(condition, rule.conditions[rule.condition_count++]);
                        condition.finish();
                    });
        reader.finish();
    }

    static void read_condition(ObjectReader& reader, DefibPolicyCondition& condition) {
        condition.evidence =
            static_cast<uint32_t>(reader.number("evidence", 0, DEFIB_FINDING_EVIDENCE - 1));
        size_t asked = 0;
        for (size_t i = 0; i < std::size(COMPARISONS); i++) {
            if (!reader.has(COMPARISONS[i])) continue;
            asked++;
            condition.comparison = static_cast<uint32_t>(i);
            condition.value = reader.number(COMPARISONS[i], 0, ~uint64_t{0});
        }
        if (asked != 1) {
            reader.complain(fmt::format("it needs one of {}", fmt::join(COMPARISONS, ", ")));
        }
    }

    void read_response(ObjectReader& reader, DefibPolicyRule& rule) {
        if (const JsonValue* victim = reader.take_needed("victim")) {
            read_victim(reader, *victim, rule);
        }
        rule.cooldown_ms = static_cast<uint32_t>(reader.number("cooldown_ms", 0, LONGEST));
        rule.acts_per_hour =
            static_cast<uint32_t>(reader.number("repairs_per_hour", 0, DEFIB_POLICY_ACTS_MAX));
        reader.take_needed("steps");
        read_steps(reader, "steps", StepOf::chain, rule, rule.step_count);
        read_steps(reader, "finally", StepOf::finally, rule, rule.finally_count);
    }

    // A chain that could not be taken back as it says is not begun either.
    void read_steps(ObjectReader& reader, std::string_view key, StepOf of, DefibPolicyRule& rule,
                    uint32_t& count) {
        const uint32_t first = of == StepOf::chain ? 0 : rule.step_count;
        reader.each(
            key, DEFIB_POLICY_STEPS - first, [&](const JsonValue& one, const std::string& where) {
                ObjectReader step(one, where, result_.problems);
                const std::string off =
                    read_step(step, vocabulary_, rule.victim, of, rule.steps[first + count++]);
                step.finish();
                if (!off.empty() && why_observes_.empty()) why_observes_ = off;
            });
    }

    void read_victim(ObjectReader& outer, const JsonValue& value, DefibPolicyRule& rule) {
        ObjectReader reader(value, outer.place("victim"), result_.problems);
        rule.victim = reader.choice("choose", VICTIMS);
        rule.least_weight = reader.number_or("least_weight", 0, ~uint64_t{0}, 0);
        rule.least_growth = reader.number_or("least_growth", 0, ~uint64_t{0}, 0);
        if (reader.has("within")) read_path(reader, reader.text("within"), rule.within);
        reader.finish();
    }

    // What this kernel cannot serve is left out, and said; the rest runs.
    void keep(const Watch& watch, DefibPolicyRule& rule) {
        const std::string name(rule.name);
        const std::string why_observes = std::exchange(why_observes_, {});
        if (!watch.word->why_off.empty()) {
            result_.notes.push_back(fmt::format("rules ({}): left out, detector {} is off: {}",
                                                name, watch.word->name, watch.word->why_off));
            return;
        }
        if (!why_observes.empty() && rule.mode == DEFIB_MODE_ACT) {
            result_.notes.push_back(
                fmt::format("rules ({}): only observes, {}", name, why_observes));
            rule.mode = DEFIB_MODE_OBSERVE;
        }
        result_.table.rules[result_.table.rule_count++] = rule;
    }

    const Vocabulary& vocabulary_;
    CompiledPolicy result_;
    std::map<std::string, Watch, std::less<>> watches_;
    std::string why_observes_;  // of the rule that is being read
};

}  // namespace

Result<CompiledPolicy> compile_policy(std::string_view json, std::string_view object,
                                      const Vocabulary& vocabulary) {
    const auto root = layouts::parse_json(json, object);
    if (!root) return fail(DEFIB_ERROR_IMAGE_POLICY, std::string(object), root.error().detail);
    return Compiler(vocabulary).compile(*root);
}

Result<CompiledPolicy> compile_whole_policy(std::string_view json, std::string_view object,
                                            const Vocabulary& vocabulary) {
    auto compiled = compile_policy(json, object, vocabulary);
    if (!compiled || compiled->problems.empty()) return compiled;
    std::string detail = compiled->problems.front();
    if (compiled->problems.size() > 1) {
        detail += fmt::format(" (and {} more)", compiled->problems.size() - 1);
    }
    return fail(DEFIB_ERROR_IMAGE_POLICY, std::string(object), std::move(detail),
                "defib policy check tells all of it");
}

}  // namespace defib::image
