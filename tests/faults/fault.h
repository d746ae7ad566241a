// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a fault is, as data. Whoever wants a broken kernel names a fault; how it is made, what it
// needs and what it shows stands in one entry of kernel_faults.cpp, process_faults.cpp or
// healthy_loads.cpp, and nowhere else. Making it happen is inject.h, seeing it is symptom.h.
#ifndef DEFIB_TESTS_FAULTS_FAULT_H
#define DEFIB_TESTS_FAULTS_FAULT_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace defib::faults {

// A list in place, so that an entry of the table is one constant.
template <class T, size_t MOST>
class Few {
  public:
    constexpr Few() = default;
    // More than MOST does not compile.
    constexpr Few(std::initializer_list<T> items) {
        for (const T& item : items) items_.at(size_++) = item;
    }
    constexpr const T* begin() const { return items_.data(); }
    constexpr const T* end() const { return items_.data() + size_; }
    constexpr bool empty() const { return size_ == 0; }

  private:
    std::array<T, MOST> items_{};
    size_t size_ = 0;
};

enum class Kind : uint8_t {
    KERNEL,   // something in the kernel is broken
    PROCESS,  // the kernel is well, a process ruins the machine, or waits for help
    HEALTHY,  // nothing is wrong, it only looks bad: whoever acts on it does harm
};

// What an outsider can see. A fault has happened when all of its evidence holds.
enum class Sign : uint8_t {
    BEATS_STOP,    // no ordinary process has run for `amount` ms
    BEATS_GAP,     // ordinary processes did not run for `amount` ms at a time
    BEATS_GO_ON,   // an ordinary process runs
    LOG_SAYS,      // the kernel's log has a line that matches `text` since the injection
    LOG_IS_CLEAN,  // the kernel's log tells of no trouble since the injection
    TASKS,         // `amount` threads of processes called `text` ("a*": or so begun) are in `state`
                   // ('*': any)
    PROGRAM_SAYS,  // a program that was started has printed `text`
    MEMORY_BELOW,  // /proc/meminfo's MemAvailable is under `amount` MB
    SWAP_ABOVE,    // over `amount` MB of swap are in use
};

struct Evidence {
    Sign sign = Sign::BEATS_GO_ON;
    const char* text = "";  // a regular expression (ECMAScript) for the log, else plain
    uint32_t amount = 0;
    char state = '*';
};

// A file of the guest that is written before the fault; a pattern that matches nothing is passed
// over.
struct Setting {
    const char* path = nullptr;
    const char* value = "";
};

// An entry names what it means and no more, which clang takes only with an initializer for the
// rest. NOLINTBEGIN(readability-redundant-member-init)

// What the guest must be for the fault to happen.
struct Conditions {
    unsigned cpus = 2;
    unsigned ram_mb = 512;
    unsigned swap_mb = 0;
    unsigned swap_mb_per_s = 0;  // 0: as fast as the host
    unsigned disk_mb = 0;        // an empty /dev/vda to write to, 20 MB/s
    bool queued_spinlocks =
        false;  // without the hypervisor bit; else a guest spins on test-and-set
    Few<Setting, 4> settings{};
};

// Whether others may be shown in the same guest, before and after.
enum class Boot : uint8_t { OWN, SHARED };

// What SIGKILL to the programs achieves.
enum class Kill : uint8_t { ENDS_IT, DOES_NOT };

struct Fault {
    const char* name;
    Kind kind;
    const char* what;  // one line for people
    Conditions guest{};
    Boot boot = Boot::OWN;
    // A parameter of the module to write to, and what; or programs to start; or both.
    const char* parameter = nullptr;
    unsigned number = 0;
    Few<const char*, 2> programs{};  // "victim hog 800 0"
    Kill kill = Kill::DOES_NOT;
    Few<Evidence, 4> symptom{};
    const char* note = "";  // where it cannot be made, and other limits
};

// NOLINTEND(readability-redundant-member-init)

std::span<const Fault> all();
// Null if there is none of that name.
const Fault* find(std::string_view name);

// The tables that all() joins.
std::span<const Fault> kernel_faults();
std::span<const Fault> process_faults();
std::span<const Fault> healthy_loads();

// Soft lockups after 4 s instead of 20, hung tasks after 5 s instead of 120. The detectors are the
// kernel's own and see the same things, only sooner.
inline constexpr Setting SOON_LOCKUP{"/proc/sys/kernel/watchdog_thresh", "2"};
inline constexpr Setting SOON_HUNG{"/proc/sys/kernel/hung_task_timeout_secs", "5"};

}  // namespace defib::faults

#endif
