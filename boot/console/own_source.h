// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A target whose memory this machine has.
#ifndef DEFIB_BOOT_CONSOLE_OWN_SOURCE_H
#define DEFIB_BOOT_CONSOLE_OWN_SOURCE_H

#include "boot/console/acting.h"
#include "boot/console/findings.h"
#include "boot/console/source.h"
#include "boot/console/watcher.h"

namespace defib::boot::console {

class OwnSource final : public Source {
  public:
    // `journal`: findings from there; empty: from whoever calls tell().
    OwnSource(Session& session, const LookArguments& look, const std::string& journal);

    void look(uint64_t now_ns) override;
    Picture& picture() override { return watcher_.picture(); }
    std::vector<RepairRow> repairs() override { return acting_.repairs(); }
    std::optional<Told> plan(const std::vector<std::string>& words) override;
    std::optional<Told> carry_out() override { return acting_.carry_out(); }
    std::optional<Told> told() override { return std::nullopt; }

    // What the detectors have found, but not that they run, nor what a plan by hand came to.
    void tell(Narrator& narrator, const DefibJournalEntry& entry);
    // There is nothing to look at any more; the last picture stays.
    void lose(const Error& why);
    void note(std::string trouble) { notes_.push_back(std::move(trouble)); }

  private:
    void read_journal_on(uint64_t now_ns);

    Session& session_;
    Watcher watcher_;
    Acting acting_;
    std::optional<JournalTail> journal_;
    std::vector<std::string> notes_;
};

}  // namespace defib::boot::console

#endif
