// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The steps of a start, each with its name, its time, and what it has to say.
#ifndef DEFIB_BOOT_APPLIANCE_STAGES_H
#define DEFIB_BOOT_APPLIANCE_STAGES_H

#include <cstdint>
#include <string>
#include <utility>

#include "boot/appliance/event_log.h"
#include "boot/backend/engine_state.h"

namespace defib::boot {

class Stages {
  public:
    explicit Stages(const EventLog& log) : log_(&log), started_ns_(now_ns()) {}

    // `step` does one thing and writes into its argument what there is to say about it.
    template <class Step>
    auto run(const char* name, Step step) const -> decltype(step(std::declval<std::string&>())) {
        const uint64_t before = now_ns();
        std::string said;
        auto result = step(said);
        if (result) {
            done(name, now_ns() - before, said);
        } else {
            failed(name, result.error());
        }
        return result;
    }

    uint64_t elapsed_ns() const { return now_ns() - started_ns_; }

    void failed(const char* name, const Error& error) const;

  private:
    void done(const char* name, uint64_t took_ns, const std::string& said) const;

    const EventLog* log_;
    uint64_t started_ns_;
};

}  // namespace defib::boot

#endif
