// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A child that does nothing by itself: each of its system calls is put into its registers by its
// parent (ptrace), from a small stage of memory that is all that it needs. So its memory, files and
// threads can be made another process', down to the last page, and the stage goes last.
//
// Until it is let go it ends with its parent, and its end is that of the object.
#ifndef DEFIB_BOOT_RESTART_PUPPET_H
#define DEFIB_BOOT_RESTART_PUPPET_H

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "boot/restart/saved_process.h"

namespace defib::boot {

inline constexpr uint64_t STAGE_BYTES = 32 * PAGE_BYTES;

class Puppet {
  public:
    // With that number, where it is given and can be had; the stage is where nothing of this
    // program's lies.
    static Result<Puppet> make(std::optional<int> number, uint64_t stage);
    Puppet(Puppet&& other) noexcept;
    Puppet& operator=(Puppet&&) = delete;
    Puppet(const Puppet&) = delete;
    Puppet& operator=(const Puppet&) = delete;
    ~Puppet();

    // One more thread: the first has none besides.
    Result<pid_t> add_thread(std::optional<int> number);
    // A system call of a thread's; what it returned. `what` is for the error's line.
    Result<uint64_t> call(pid_t thread, const char* what, long number,
                          std::initializer_list<uint64_t> arguments);
    // The same of its first thread.
    Result<uint64_t> call(const char* what, long number, std::initializer_list<uint64_t> arguments);
    // Puts it onto the stage, for the next call, behind what was put there for the same call.
    Result<uint64_t> put(Bytes bytes);
    template <class T>
    Result<uint64_t> put_value(const T& value) {
        return put(std::as_bytes(std::span(&value, 1)));
    }
    Result<uint64_t> put_text(const std::string& text);

    Result<void> write(uint64_t address, Bytes bytes);
    Result<void> read(uint64_t address, std::span<std::byte> bytes);
    Result<void> set_registers(pid_t thread, const user_regs_struct& registers);
    Result<void> set_vectors(pid_t thread, Bytes saved);
    Result<void> set_mask(pid_t thread, uint64_t mask);
    // The kernel's record of critical sections is taken from a thread that this program left it.
    Result<void> forget_critical_sections();

    pid_t pid() const { return threads_.front(); }
    const std::vector<pid_t>& threads() const { return threads_; }
    SavedRange stage() const { return {stage_, stage_ + STAGE_BYTES}; }
    bool has_number() const { return has_number_; }

    // It goes its own way from here on.
    Result<void> let_go();

  private:
    Puppet(pid_t pid, uint64_t stage, bool has_number)
        : threads_{pid}, stage_(stage), has_number_(has_number) {}
    Result<void> run_to_the_end_of_a_call(pid_t thread);
    std::unexpected<Error> cannot(const char* what) const;

    std::vector<pid_t> threads_;
    std::vector<pid_t> born_;  // by the call that is going on
    uint64_t stage_;
    uint64_t filled_ = 0;
    bool has_number_;
};

}  // namespace defib::boot

#endif
