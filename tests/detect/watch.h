// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Detectors run over a guest, each at its period, without the policy that would act on what they
// find: what a test of detectors needs, and no more.
//
//   auto watch = Watch::start(*guest);
//   watch->look_until([&](const Found& found) { return found.fault() == DEFIB_FAULT_OOPS; }, 30s);
#ifndef DEFIB_TESTS_DETECT_WATCH_H
#define DEFIB_TESTS_DETECT_WATCH_H

#include <functional>
#include <map>
#include <set>

#include "boot/session/session.h"
#include "engine/abi/finding.h"
#include "tests/lab/guest.h"

namespace defib::detect {

struct Threshold {
    const char* detector;
    std::vector<uint64_t> arguments;
};

// Every detector with the thresholds that engine/detectors/README.md gives reasons for; as a lab
// needs them where its faults are smaller than life; and with half of each window and more, to
// know how far from a finding a healthy machine stays.
std::vector<Threshold> usual_thresholds();
std::vector<Threshold> lab_thresholds();
std::vector<Threshold> tight_thresholds();

struct Found {
    std::string detector;
    DefibFinding finding;
    std::vector<DefibCulprit> culprits;
    std::vector<std::string> log;  // lines that came with it

    DefibFault fault() const { return static_cast<DefibFault>(finding.fault); }
};
// One line for people.
std::string to_text(const Found& found);
const char* name_of(DefibFault fault);

class Watch {
  public:
    static Result<std::unique_ptr<Watch>> start(const lab::Guest& guest,
                                                const std::vector<Threshold>& thresholds);

    // Runs the detectors until one reports what is wanted. All that was reported meanwhile goes
    // into faults(). Nothing: the time was over.
    std::optional<Found> look_until(const std::function<bool(const Found&)>& is_wanted,
                                    lab::Milliseconds within);
    // The first report of each fault and key since the start or clear().
    const std::vector<Found>& seen() const { return seen_; }
    std::set<DefibFault> faults() const;
    void clear();
    // Runs of detectors that died, by detector; the last reason.
    const std::map<std::string, uint32_t>& deaths() const { return deaths_; }

  private:
    struct Running {
        std::string name;
        uint32_t number = 0;  // in the engine's table
        std::vector<uint64_t> arguments;
        uint64_t period_ns = 0;
        uint64_t due_ns = 0;
    };

    Result<void> add(const Threshold& threshold);
    std::vector<Found> run(Running& detector, uint64_t now_ns);
    void note(const Found& found);

    std::unique_ptr<boot::Session> session_;
    std::vector<Running> running_;
    std::vector<Found> seen_;
    std::map<std::string, uint32_t> deaths_;
};

}  // namespace defib::detect

#endif
