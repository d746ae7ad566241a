// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The lab's end of a running guest: one thread that drains the serial console, speaks the agent's
// protocol and looks at the heartbeats, so that a guest is heard also while the test does something
// else. All state is behind one mutex; waiting is for a change of it, with a deadline.
#ifndef DEFIB_TESTS_LAB_LINK_H
#define DEFIB_TESTS_LAB_LINK_H

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "engine/base/unique_fd.h"
#include "tests/lab/beats.h"
#include "tests/lab/protocol.h"

namespace defib::lab {

// What is known of a process that the agent was asked to start.
struct Process {
    int failure = 0;  // errno, when it could not be started
    int32_t pid = 0;
    std::string out;
    std::string err;
    std::optional<int> wait_status;  // once it has ended
};

// What its thread is called.
inline constexpr const char* LINK_THREAD = "lab-link";

class Link {
  public:
    // `machine` becomes readable when the machine has ended.
    Link(UniqueFd console, UniqueFd agent, int machine, std::unique_ptr<BeatMonitor> beats);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link();

    // Queues a frame. A guest that takes nothing any more is noticed by the missing answer.
    void send(FrameKind kind, uint16_t detail, uint32_t id, std::string_view payload);
    // A number for what is about to be asked for; Process and answer are found under it.
    uint32_t new_id();

    // Waits until `done` holds, which is asked under the lock at each change. Gives what it last
    // said.
    using Condition = std::function<bool()>;
    bool wait(Clock::time_point deadline, const Condition& done);
    // The same for a condition of the caller's own, which must not run under the lock and may
    // depend on what the link does not see: asked at each change, and every 10 ms.
    bool wait_outside(Clock::time_point deadline, const Condition& done);

    // For conditions, and for whoever holds lock().
    std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
    const std::string& release() const { return release_; }  // empty until the agent is ready
    bool machine_ended() const { return machine_ended_; }
    const std::string& console() const { return console_text_; }
    const BeatMonitor& beats() const { return *beats_; }
    Process& process(uint32_t id) { return processes_[id]; }
    Process* find_process(int32_t pid);
    std::optional<uint32_t> answer(uint32_t id) const;
    void forget(uint32_t id) { processes_.erase(id); }

  private:
    void loop();
    void transmit();
    bool take_frames();
    void take(const FrameHeader& header, std::string_view payload);

    UniqueFd console_;
    UniqueFd agent_;
    int machine_;
    UniqueFd wake_;
    std::unique_ptr<BeatMonitor> beats_;

    std::mutex mutex_;
    std::condition_variable changed_;
    uint64_t changes_ = 0;
    uint32_t last_id_ = 0;
    std::string console_text_;
    std::string received_;
    std::string unsent_;
    bool stopping_ = false;
    std::string release_;
    bool machine_ended_ = false;
    std::map<uint32_t, Process> processes_;
    std::map<uint32_t, uint32_t> answers_;
    std::thread thread_;
};

}  // namespace defib::lab

#endif
