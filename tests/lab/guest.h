// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A real kernel to break. A Guest is a booted machine whose agent answers; its end is the end of
// the object. Every call that waits has a deadline, and one that passes is an error, never a hang.
//
//   auto guest = Guest::boot({.kernel = "6.1", .cpus = 4});
//   auto seen = guest->run({"uname", "-r"});
#ifndef DEFIB_TESTS_LAB_GUEST_H
#define DEFIB_TESTS_LAB_GUEST_H

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "tests/lab/beats.h"
#include "tests/lab/kernels.h"
#include "tests/lab/options.h"
#include "tests/lab/qemu.h"

namespace defib::lab {

using Milliseconds = std::chrono::milliseconds;
using Argv = std::vector<std::string>;

// How a process ended. `status` is as a shell says it: the exit status, or 128 and the signal.
struct Outcome {
    int status = 0;
    std::string out;
    std::string err;
};

// A process that start() started, as far as the agent has told.
struct ProcessState {
    std::optional<int> status;  // as in Outcome, once it has ended
    std::string out;
    std::string err;
};

class Guest {
  public:
    static Result<Guest> boot(GuestOptions options);

    Guest(Guest&& other) noexcept;
    Guest& operator=(Guest&& other) noexcept;
    ~Guest();

    // --- what runs in it
    // The default is for a guest that is well, on a machine that is busy.
    static constexpr Milliseconds PATIENCE{60'000};

    // Runs a program to its end.
    Result<Outcome> run(const Argv& argv, Milliseconds within = PATIENCE,
                        std::string_view input = {});
    // Starts one and leaves it running, its input closed.
    Result<pid_t> start(const Argv& argv, Milliseconds within = PATIENCE);
    // What is known of a process that start() gave.
    Result<ProcessState> state_of(pid_t pid);
    Result<Outcome> wait_for_exit(pid_t pid, Milliseconds within = PATIENCE);
    // Any process of the guest, whoever started it. The agent does this itself: it needs no new
    // process.
    Result<void> signal(pid_t pid, int number, Milliseconds within = PATIENCE);

    Result<std::string> read_file(const std::string& path, Milliseconds within = PATIENCE);
    // The whole content in one write(), as files of /proc and /sys want it.
    Result<void> write_file(const std::string& path, std::string_view content,
                            Milliseconds within = PATIENCE);
    Result<void> push_file(const std::filesystem::path& from, const std::string& to,
                           unsigned permissions = 0755, Milliseconds within = PATIENCE);
    // Loads a module that was built for this kernel (see Kernel::headers). The call returns with
    // the module's init function, or at the deadline if that never does.
    Result<void> load_module(const std::filesystem::path& file, const std::string& parameters = {},
                             Milliseconds within = PATIENCE);

    // --- whether it lives
    // Whether the guest beats once more within that time.
    bool alive(Milliseconds within, Lane lane = Lane::ORDINARY);
    // All beats since the boot.
    std::vector<Beat> heartbeats(Lane lane = Lane::ORDINARY) const;
    // Waits for something that the caller can see; `what` is for the error.
    Result<void> wait_for(std::string_view what, const std::function<bool()>& holds,
                          Milliseconds within);
    // Waits for a text on the serial console, from `from` on (see console_size()).
    Result<void> wait_for_console(std::string_view text, Milliseconds within, size_t from = 0);
    std::string console() const;
    size_t console_size() const;
    std::string console_tail(size_t lines = 40) const;

    // --- the machine
    const GuestOptions& options() const;
    const Kernel& kernel() const;
    // The guest's physical memory: a file that may be mapped and written while the guest runs.
    const std::filesystem::path& ram_file() const;
    std::vector<RamRange> ram_ranges() const;
    pid_t qemu() const;
    // One command of QEMU's machine protocol: inject-nmi, dump-guest-memory, screendump, stop,
    // cont, quit, ...
    Result<nlohmann::json> qmp(std::string_view command,
                               const nlohmann::json& arguments = nlohmann::json::object(),
                               Milliseconds within = PATIENCE);
    // An NMI on every CPU.
    Result<void> inject_nmi();

    // A program on a terminal of the guest, joined to this process's own terminal until it ends or
    // the person types Ctrl-]. What the kernel prints meanwhile is shown too. Gives its exit
    // status.
    Result<int> interact(const Argv& argv);

  private:
    struct Machine;
    explicit Guest(std::unique_ptr<Machine> machine);
    static Result<Guest> boot_once(GuestOptions options);
    Result<uint32_t> launch(const Argv& argv, uint16_t detail, Clock::time_point deadline);
    std::unexpected<Error> no_answer(const std::string& about) const;

    std::unique_ptr<Machine> machine_;
};

}  // namespace defib::lab

#endif
