// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/faults/fault.h"
#include "tests/matrix/cases.h"

namespace defib::matrix {
namespace {

constexpr std::string_view KERNELS[] = {"6.1", "6.12"};

// The rounds of one fault on one kernel, or of several of them.
struct Tally {
    unsigned quiet = 0;
    unsigned busy = 0;
    unsigned served = 0;
    unsigned with_false = 0;
    unsigned with_harm = 0;
    double watched_s = 0;
    std::vector<double> found_s;
    std::vector<double> ended_s;
    std::map<std::string, unsigned> said;  // false findings and harm, in how many rounds

    unsigned rounds() const { return quiet + busy; }
};

void add(Tally& tally, const RoundResult& one) {
    (one.round.workload == "busy" ? tally.busy : tally.quiet)++;
    if (one.serves) tally.served++;
    if (!one.false_findings.empty()) tally.with_false++;
    if (!one.harm.empty()) tally.with_harm++;
    tally.watched_s += one.watched_s;
    if (one.found_s >= 0) tally.found_s.push_back(one.found_s);
    if (one.ended_s >= 0 && one.serves) tally.ended_s.push_back(one.ended_s);
    for (const std::string& word : one.false_findings) tally.said["`" + word + "`"]++;
    for (const std::string& word : one.harm) tally.said["**" + word + "**"]++;
}

// Median and most.
std::string times_of(std::vector<double> all) {
    if (all.empty()) return "-";
    std::ranges::sort(all);
    return fmt::format("{:.2f} s ({:.1f})", all[all.size() / 2], all.back());
}

std::string said_of(const Tally& tally) {
    std::string text;
    for (const auto& [word, rounds] : tally.said) {
        text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", word, rounds);
    }
    return text.empty() ? "none" : text;
}

std::string share(size_t part, size_t whole) {
    if (whole == 0) return "none held";
    return fmt::format("{} of {}, {:.1f} %", part, whole,
                       100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

bool is_healthy(const RoundResult& one) {
    return one.round.workload == HEALTHY;
}

class Table {
  public:
    explicit Table(std::span<const RoundResult> results) {
        for (const RoundResult& one : results) {
            builds_[one.build]++;
            if (!one.release.empty()) releases_.insert(one.release);
            if (!one.error.empty()) {
                not_held_[one.round.fault + " on " + one.round.kernel]++;
                continue;
            }
            add(tallies_of(one)[{one.round.fault, one.round.kernel}], one);
        }
    }

    std::string text() const {
        return summary() + ended() + said() + alone() + hooked() + healthy() + rest();
    }

  private:
    using Key = std::pair<std::string, std::string>;

    std::map<Key, Tally>& tallies_of(const RoundResult& one) {
        if (one.round.workload == HOOKED) return hooked_;
        return is_healthy(one) ? loads_ : faults_;
    }

    template <class Visit>
    void for_each(Outlook outlook, const Visit& visit) const {
        for (const Case& one : all_cases()) {
            if (one.outlook != outlook) continue;
            for (const std::string_view kernel : KERNELS) {
                const auto found = faults_.find({one.name, std::string(kernel)});
                if (found != faults_.end()) visit(one, kernel, found->second);
            }
        }
    }

    std::string summary() const {
        size_t owed = 0;
        size_t found = 0;
        size_t curable = 0;
        size_t ended = 0;
        size_t rounds = 0;
        size_t with_false = 0;
        size_t with_harm = 0;
        for (const Outlook outlook : {Outlook::ENDED, Outlook::SAID, Outlook::ALONE}) {
            for_each(outlook, [&](const Case&, std::string_view, const Tally& tally) {
                rounds += tally.rounds();
                with_false += tally.with_false;
                with_harm += tally.with_harm;
                if (outlook == Outlook::ALONE) return;
                owed += tally.rounds();
                found += tally.found_s.size();
                if (outlook != Outlook::ENDED) return;
                curable += tally.rounds();
                ended += tally.ended_s.size();
            });
        }
        return fmt::format(
            "| what | rounds | bar |\n| --- | --- | --- |\n"
            "| faults found | {} | over 98 % |\n"
            "| ended, of those that data alone can end; afterwards the heart beats, a process "
            "starts and writes a file | {} | over 90 % |\n"
            "| rounds with a false finding | {} | |\n"
            "| rounds in which somebody was touched who had nothing to do with it | {} | none |\n",
            share(found, owed), share(ended, curable), share(with_false, rounds),
            share(with_harm, rounds));
    }

    std::string ended() const {
        std::string text =
            "\n**Ended by data alone.** Seconds from the injection, median (most).\n\n"
            "| fault | kernel | rounds, quiet + busy | found | after | ended | after | said or "
            "done falsely |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";
        for_each(Outlook::ENDED, [&](const Case& one, std::string_view kernel, const Tally& tally) {
            text +=
                fmt::format("| `{}` | {} | {} + {} | {} | {} | {} | {} | {} |\n", one.name, kernel,
                            tally.quiet, tally.busy, tally.found_s.size(), times_of(tally.found_s),
                            tally.ended_s.size(), times_of(tally.ended_s), said_of(tally));
        });
        return text;
    }

    std::string said() const {
        std::string text =
            "\n**Found and left as it is.** \"Answers\": afterwards the heart beats, a process "
            "starts and writes a file.\n\n"
            "| fault | kernel | rounds, quiet + busy | found | after | answers | said or done "
            "falsely | why it is not ended |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
        for_each(Outlook::SAID, [&](const Case& one, std::string_view kernel, const Tally& tally) {
            text += fmt::format("| `{}` | {} | {} + {} | {} | {} | {} | {} | {} |\n", one.name,
                                kernel, tally.quiet, tally.busy, tally.found_s.size(),
                                times_of(tally.found_s), tally.served, said_of(tally), one.why);
        });
        return text;
    }

    std::string alone() const {
        std::string text =
            "\n**Left alone.**\n\n"
            "| machine | kernel | rounds, quiet + busy | answers | said or done falsely | why it "
            "is no fault |\n| --- | --- | --- | --- | --- | --- |\n";
        for_each(Outlook::ALONE, [&](const Case& one, std::string_view kernel, const Tally& tally) {
            text += fmt::format("| `{}` | {} | {} + {} | {} | {} | {} |\n", one.name, kernel,
                                tally.quiet, tally.busy, tally.served, said_of(tally), one.why);
        });
        return text;
    }

    std::string hooked() const {
        if (hooked_.empty()) return "";
        std::string text =
            "\n**With the kernel module in the guest**, and an HPET for it.\n\n"
            "| fault | kernel | rounds | found | after | ended | after | said or done falsely | "
            "why it is not ended |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        for (const Case& one : hooked_cases()) {
            for (const std::string_view kernel : KERNELS) {
                const auto found = hooked_.find({one.name, std::string(kernel)});
                if (found == hooked_.end()) continue;
                const Tally& tally = found->second;
                text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n", one.name,
                                    kernel, tally.rounds(), tally.found_s.size(),
                                    times_of(tally.found_s), tally.ended_s.size(),
                                    times_of(tally.ended_s), said_of(tally), one.why);
            }
        }
        return text;
    }

    std::string healthy() const {
        std::string text =
            "\n**Healthy and heavy.**\n\n| load | kernel | minutes watched | parts | said or done "
            "falsely |\n| --- | --- | --- | --- | --- |\n";
        for (const faults::Fault& load : faults::healthy_loads()) {
            for (const std::string_view kernel : KERNELS) {
                const auto found = loads_.find({load.name, std::string(kernel)});
                if (found == loads_.end()) continue;
                const Tally& tally = found->second;
                text += fmt::format("| `{}` | {} | {:.1f} | {} | {} |\n", load.name, kernel,
                                    tally.watched_s / 60, tally.rounds(), said_of(tally));
            }
        }
        return text;
    }

    std::string rest() const {
        std::string text = "\nMeasured on";
        for (const std::string& release : releases_) text += " " + release;
        for (const auto& [build, rounds] : builds_) {
            text += fmt::format("; build {}: {} rounds", build, rounds);
        }
        text += ".";
        for (const auto& [what, rounds] : not_held_) {
            text += fmt::format(" Could not be held: {}, {} times.", what, rounds);
        }
        return text + "\n";
    }

    std::map<Key, Tally> faults_;
    std::map<Key, Tally> loads_;
    std::map<Key, Tally> hooked_;
    std::map<std::string, unsigned> builds_;
    std::map<std::string, unsigned> not_held_;
    std::set<std::string> releases_;
};

}  // namespace

std::string table_of(std::span<const RoundResult> results) {
    return Table(results).text();
}

Result<std::string> with_table(std::string_view document, std::string_view table) {
    const size_t begin = document.find(TABLE_BEGINS);
    const size_t end = document.find(TABLE_ENDS);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
        return fail(DEFIB_ERROR_LAB_REFUSED, "document", "the table's markers are missing");
    }
    const size_t from = begin + std::string_view(TABLE_BEGINS).size();
    return fmt::format("{}{}{}", document.substr(0, from), table, document.substr(end));
}

}  // namespace defib::matrix
