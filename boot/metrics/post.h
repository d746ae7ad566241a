// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The process that is scraped, and the memory that it shares with the guard.
#ifndef DEFIB_BOOT_METRICS_POST_H
#define DEFIB_BOOT_METRICS_POST_H

#include <memory>
#include <optional>
#include <string>

#include "boot/backend/child.h"
#include "boot/metrics/vitals.h"

namespace defib::boot::metrics {

class Post {
  public:
    // "ADDRESS:PORT", or a port of this machine alone. Forks: before the target is opened, so that
    // the process never has its memory. Comes back when it is sealed.
    static Result<std::unique_ptr<Post>> start(const std::string& where);
    // The numbers alone, for who is not scraped.
    static Result<std::unique_ptr<Post>> unserved();
    Post(const Post&) = delete;
    Post& operator=(const Post&) = delete;
    ~Post();

    Vitals& vitals() const { return *vitals_; }
    uint16_t port() const { return port_; }
    int pidfd() const { return child_ ? child_->pidfd() : -1; }
    std::optional<Error> how_it_ended() { return child_ ? child_->how_it_ended() : std::nullopt; }

  private:
    Post() = default;

    Vitals* vitals_ = nullptr;
    std::optional<Child> child_;
    uint16_t port_ = 0;
};

}  // namespace defib::boot::metrics

#endif
