// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest that falls ill, with defib beside it; and one that falls ill alone.
#ifndef DEFIB_TESTS_DEMO_PATIENT_H
#define DEFIB_TESTS_DEMO_PATIENT_H

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "tests/demo/episode.h"
#include "tests/lab/guest.h"

namespace defib::demo {

// A fault as the demo shows it.
struct Act {
    const char* fault;    // tests/faults
    const char* title;    // for people
    const char* finding;  // how the one begins that must be over in the end
};

// What is broken, and who mends it.
struct Ward {
    std::string kernel = "6.12";
    std::string backend = "cpu";
};
// How long the heart is shown before the fault, and after all is well again.
inline constexpr std::chrono::milliseconds BEFORE{2000};
inline constexpr std::chrono::milliseconds AFTER{3000};
// How long either machine is given.
inline constexpr std::chrono::milliseconds PATIENCE{40'000};

// One that serves for all acts of a tour.
lab::GuestOptions patient_for(std::span<const Act> acts, const Ward& ward);

// Told as it happens: lines for the terminal, while the heart of `guest` moves on.
class Screen {
  public:
    virtual ~Screen() = default;
    virtual void say(const std::string& line) = 0;
    // Shows the heart for a moment.
    virtual void beat(const lab::Guest& guest) = 0;
};

Result<Episode> treat(lab::Guest& guest, const std::filesystem::path& defib, const Ward& ward,
                      const Act& act, Screen& screen);

// The same fault in a machine that nobody helps, until it is seen to be dead, or for `at_most`.
Result<void> leave_alone(const Act& act, const Ward& ward, std::chrono::milliseconds at_most,
                         Episode& episode);

}  // namespace defib::demo

#endif
