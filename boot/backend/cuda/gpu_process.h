// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A GPU, held by a process of its own, which is stopped for good once the engine's loop turns on
// the card.
//
// Why a process: NVIDIA's driver comes as a library with threads, files and rights that cannot be
// given up while the card is held. A process that is stopped executes nothing at all, which is
// tighter than any list of calls; the loop needs it for nothing but its start and its end. The
// supervisor, which is left, has none of that library: it sees mailbox and journal in memory that
// both share, and its end is the stopped one's end, and the loop's.
//
// What was rejected: the card held by the supervisor itself (its list of calls would have to be the
// driver's), and one process that does all of the start, while the supervisor waits (whoever
// carries the journal to disk has to have begun it).
#ifndef DEFIB_BOOT_BACKEND_CUDA_GPU_PROCESS_H
#define DEFIB_BOOT_BACKEND_CUDA_GPU_PROCESS_H

#include <memory>
#include <string>

#include "boot/backend/child.h"
#include "boot/backend/cuda/gpu_host.h"

namespace defib::boot::cuda {

class GpuProcess {
  public:
    // Forks; nothing of the driver is in this process. `setup` and what it points to stay.
    static Result<GpuProcess> start(const GpuSetup& setup);

    // As GpuHost has them, there.
    Result<std::string> claim();
    Result<std::string> self_test();
    // Comes back when the loop turns and the process stands.
    Result<std::string> launch(Access access, const Target& target);

    // Whether the card can be given memory that this machine's processes may only read.
    bool pins_read_only() const { return pins_read_only_; }

    int pidfd() const { return child_.pidfd(); }
    pid_t pid() const { return child_.pid(); }

  private:
    GpuProcess(Child child, UniqueFd line) : child_(std::move(child)), line_(std::move(line)) {}
    struct Order;
    struct Answer;
    static int serve(const GpuSetup& setup, int line);
    Result<std::string> ask(const Order& order);
    Result<void> wait_until_it_stands();
    std::unexpected<Error> died();

    Child child_;
    UniqueFd line_;
    bool pins_read_only_ = false;
};

}  // namespace defib::boot::cuda

#endif
