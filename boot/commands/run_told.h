// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Who else is told what a guard finds and does: a Prometheus that scrapes, a program that is run.
#ifndef DEFIB_BOOT_COMMANDS_RUN_TOLD_H
#define DEFIB_BOOT_COMMANDS_RUN_TOLD_H

#include "boot/metrics/post.h"
#include "boot/notices/teller.h"
#include "boot/remote/service.h"
#include "boot/session/guard.h"

namespace CLI {
class App;
}

namespace defib::boot {

struct ToldArguments {
    std::string metrics;  // empty: nobody scrapes
    std::string program;  // empty: none is run
};

// --metrics and --exec.
void declare_told(CLI::App& options, ToldArguments& arguments);

class RunTold {
  public:
    // Before the target is opened: both are processes that must never have it.
    static Result<std::unique_ptr<RunTold>> start(const ToldArguments& arguments);

    void introduce(const Session& session, const Guard& guard);
    void tell(const DefibJournalEntry& entry, uint64_t lost);
    // While the loop rests; null: no remote is served.
    void look(Session& session, const remote::Service* service);

  private:
    RunTold() = default;

    std::unique_ptr<metrics::Post> post_;
    std::unique_ptr<Teller> teller_;
    Announcer announcer_;
    const JournalNames* names_ = nullptr;
    bool is_lost_ = false;  // who is scraped has died, which was said
};

}  // namespace defib::boot

#endif
