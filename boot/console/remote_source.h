// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A target that a guard elsewhere tells of. A thread of its own asks, and waits; the console draws
// what came last and how long ago that was, and can always be left.
#ifndef DEFIB_BOOT_CONSOLE_REMOTE_SOURCE_H
#define DEFIB_BOOT_CONSOLE_REMOTE_SOURCE_H

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

#include "boot/console/source.h"
#include "boot/remote/authentic.h"
#include "engine/base/result.h"

namespace defib::boot::console {

class RemoteSource final : public Source {
  public:
    struct Options {
        std::string where;
        std::optional<remote::Key> key;  // nothing: no repairs
        std::chrono::nanoseconds period{};
        std::chrono::milliseconds within{};  // for each answer
    };
    // Connects, and fails where nobody answers: later that is shown.
    static Result<std::unique_ptr<RemoteSource>> open(const Options& options);
    ~RemoteSource() override;

    void look(uint64_t now_ns) override;
    Picture& picture() override { return picture_; }
    std::vector<RepairRow> repairs() override;
    std::optional<Told> plan(const std::vector<std::string>& words) override;
    std::optional<Told> carry_out() override;
    std::optional<Told> told() override;

  private:
    struct Shared;
    class Asking;
    RemoteSource() = default;
    std::optional<Told> want(bool is_act, const std::string& words);

    std::shared_ptr<Shared> shared_;  // with the thread, which may outlive this
    std::stop_source stop_;
    std::thread thread_;
    bool has_key_ = false;
    Picture picture_;
    uint64_t first_ns_ = 0;
};

}  // namespace defib::boot::console

#endif
