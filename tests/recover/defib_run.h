// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib run` beside a guest, as an operator would start it; what it says arrives as events.
//
//   auto run = DefibRun::start(DEFIB_PROGRAM, guest->ram_file());
//   run->wait_for([](const Event& event) { return event.is("over"); }, 30s);
//   run->stop();
#ifndef DEFIB_TESTS_RECOVER_DEFIB_RUN_H
#define DEFIB_TESTS_RECOVER_DEFIB_RUN_H

#include <sys/types.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "tests/lab/beats.h"

namespace defib::recover {

// One line of `defib run --json`.
struct Event {
    nlohmann::json json;
    std::chrono::nanoseconds clock_ahead{};

    bool is(std::string_view event) const { return json.value("event", "") == event; }
    std::string text(const char* key) const { return json.value(key, std::string()); }
    uint64_t number(const char* key) const { return json.value(key, uint64_t{0}); }
    // On the lab's clock. The twin's is the same one; a GPU has its own, which is compared with it
    // when the engine's first words come.
    lab::Clock::time_point at() const {
        return lab::Clock::time_point(std::chrono::nanoseconds(number("engine_ns"))) + clock_ahead;
    }
};

class DefibRun {
  public:
    static Result<std::unique_ptr<DefibRun>> start(const std::filesystem::path& defib,
                                                   const std::filesystem::path& ram_file,
                                                   std::vector<std::string> more = {});
    DefibRun(const DefibRun&) = delete;
    DefibRun& operator=(const DefibRun&) = delete;
    ~DefibRun();

    // Also what was said before. False: the time is over, or it has ended.
    bool wait_for(const std::function<bool(const Event&)>& is_wanted,
                  std::chrono::milliseconds within);
    std::vector<Event> events() const;

    pid_t pid() const { return pid_; }

    // SIGINT, and its exit status. Negative: it had to be killed.
    int stop(std::chrono::milliseconds within);
    // The same without the signal.
    int wait_for_end(std::chrono::milliseconds within);
    // What it wrote to standard error; complete once it has ended.
    std::string errors() const;
    // Everything, for a test that failed.
    std::string to_text() const;

  private:
    DefibRun() = default;
    void read_on();
    void take_line(const std::string& line);

    pid_t pid_ = -1;
    UniqueFd output_;
    UniqueFd errors_;
    std::thread reader_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
    std::chrono::nanoseconds clock_ahead_{};
    std::string error_text_;
    bool has_ended_ = false;
};

}  // namespace defib::recover

#endif
