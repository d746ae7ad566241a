// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_NOTICES_TELLER_H
#define DEFIB_BOOT_NOTICES_TELLER_H

#include <memory>
#include <string>
#include <string_view>

#include "boot/backend/child.h"
#include "boot/metrics/vitals.h"
#include "boot/notices/notice.h"

namespace defib::boot {

class Teller {
  public:
    // Forks: before the target is opened. What becomes of each notice is counted in `vitals`, which
    // both processes share and which outlives this.
    static Result<std::unique_ptr<Teller>> start(const std::string& program,
                                                 metrics::Vitals& vitals);
    Teller(const Teller&) = delete;
    Teller& operator=(const Teller&) = delete;
    ~Teller();  // ends a program that runs, and what that has started

    // Whom the notices are about.
    void introduce(std::string_view target, std::string_view kernel);

    // Never waits, allocates nothing: what does not fit into the pipe is left out and counted.
    void tell(Notice notice);

    int pipe() const { return pipe_.get(); }

  private:
    explicit Teller(metrics::Vitals& vitals) : vitals_(vitals) {}

    metrics::Vitals& vitals_;
    UniqueFd pipe_;
    std::optional<Child> child_;
    Notice about_;
};

// Once, with that on its standard input; what it came to. Public for its test.
metrics::Told run_told(const std::string& program, std::string_view input, uint64_t within_ms);

}  // namespace defib::boot

#endif
