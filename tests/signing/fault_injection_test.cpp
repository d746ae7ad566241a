// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One fault in the verifier, at every place where there can be one, starts nothing.
//
// The processor that verifies is disturbed so that it skips one instruction, or takes a conditional
// branch that it should not take. Which instructions there are is learnt from a run that is
// single-stepped; then there is one run for each of them, in which a debugger (ptrace) makes it
// happen. The program under test is a fork of this one: it verifies an image that must be refused,
// exactly as boot does, and "starts" it by ending with a status of its own.
//
// Bar: zero starts, as MCUboot's for single skips. A crash or a hang is no start. libsodium's
// inside is left out: it decides nothing alone, since each signature is checked by two calls of it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "image/testing.h"

// Where the linker put this program; objdump's addresses count from there. The name is the
// linker's: NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char __executable_start;

namespace defib {
namespace {

constexpr int STARTED = 77;
constexpr int REFUSED = 1;

// What boot does with an image, in as few lines.
[[gnu::noinline]] int boot(const std::string& file, const image::VerifyRequest& request) {
    const auto verified = image::verify(file, request, "image");
    if (!verified) return REFUSED;
    if (!verified->is_genuine()) return REFUSED;
    if (!verified->is_genuine()) return REFUSED;
    return STARTED;
}

struct Instruction {
    uint64_t length = 0;
    uint64_t branch_target = 0;  // of a conditional branch; else 0
};
using Code = std::map<uint64_t, Instruction>;

bool is_on_the_verify_path(const std::string& function) {
    for (const char* name :
         {"defib::image::", "defib::signing::", "defib::(anonymous namespace)::boot"}) {
        if (function.find(name) != std::string::npos) {
            return function.find("testing::") == std::string::npos;
        }
    }
    return false;
}

// One line of objdump: "    1a2b:\tjne    1c00 <...>".
void add_instruction(const std::string& line, Code& code, uint64_t& last) {
    const size_t colon = line.find(":\t");
    if (colon == std::string::npos) return;
    const uint64_t address = std::stoull(line.substr(0, colon), nullptr, 16);
    if (last != 0) code[last].length = address - last;
    last = address;
    const std::string text = line.substr(colon + 2);
    Instruction& instruction = code[address];
    if (text.starts_with('j') && !text.starts_with("jmp")) {
        instruction.branch_target = std::stoull(text.substr(text.find(' ')), nullptr, 16);
    }
}

Code disassemble() {
    std::array<char, 4096> path{};
    if (::readlink("/proc/self/exe", path.data(), path.size() - 1) <= 0) return {};
    const std::string command = "objdump -d -C --no-show-raw-insn " + std::string(path.data());
    FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) return {};
    Code code;
    std::array<char, 4096> line{};
    bool is_wanted = false;
    uint64_t last = 0;
    while (std::fgets(line.data(), line.size(), pipe)) {
        const std::string text = line.data();
        if (text.ends_with(">:\n")) {
            is_wanted = is_on_the_verify_path(text);
            last = 0;
        } else if (is_wanted) {
            add_instruction(text, code, last);
        }
    }
    ::pclose(pipe);
    // The last one of each function has no length, and is a return or padding after one.
    std::erase_if(code, [](const auto& entry) { return entry.second.length == 0; });
    return code;
}

uint64_t base() {
    return reinterpret_cast<uint64_t>(&__executable_start);
}

// Where a disturbed program goes is anywhere, also on with this test as if it were the debugger: so
// it dies with the real one, and nothing that it throws gets out of here.
[[noreturn]] void be_victim(const std::string& file, const image::VerifyRequest& request) noexcept {
    // A loop that never ends, or memory without end, is a refusal too. The clock ticks on while the
    // debugger holds it: single steps take processor time, and more of it on a busy machine.
    constexpr timeval TICK{.tv_sec = 0, .tv_usec = 300'000};
    const itimerval limit{.it_interval = TICK, .it_value = TICK};
    ::setitimer(ITIMER_PROF, &limit, nullptr);
    const rlimit memory{.rlim_cur = 2UL << 30, .rlim_max = 2UL << 30};
    ::setrlimit(RLIMIT_AS, &memory);
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    // Its last words are of no interest.
    ::close(STDERR_FILENO);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(REFUSED);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::raise(SIGSTOP);
    ::_exit(boot(file, request));
}

// A fork of this program under a debugger, stopped before it boots.
class Victim {
  public:
    Victim(const std::string& file, const image::VerifyRequest& request) : pid_(::fork()) {
        if (pid_ == 0) be_victim(file, request);
        wait();
        ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL);
    }
    Victim(const Victim&) = delete;
    Victim& operator=(const Victim&) = delete;
    ~Victim() {
        if (!is_running()) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    bool is_running() const { return WIFSTOPPED(status_); }
    bool is_at_trap() const { return is_at(SIGTRAP); }
    bool has_started() const { return WIFEXITED(status_) && WEXITSTATUS(status_) == STARTED; }
    bool has_refused() const { return WIFEXITED(status_) && WEXITSTATUS(status_) == REFUSED; }

    user_regs_struct registers() const {
        user_regs_struct registers{};
        ::ptrace(PTRACE_GETREGS, pid_, nullptr, &registers);
        return registers;
    }
    void go_to(uint64_t address) const {
        user_regs_struct changed = registers();
        changed.rip = address;
        ::ptrace(PTRACE_SETREGS, pid_, nullptr, &changed);
    }
    uint64_t word_at(uint64_t address) const {
        return uint64_t(::ptrace(PTRACE_PEEKDATA, pid_, address, nullptr));
    }
    void set_word(uint64_t address, uint64_t word) const {
        ::ptrace(PTRACE_POKEDATA, pid_, address, word);
    }
    void step() { proceed(PTRACE_SINGLESTEP); }
    // A tick of its clock on the way is none of a fault's doing, and is kept from it.
    void proceed(__ptrace_request how) {
        do {
            ::ptrace(how, pid_, nullptr, nullptr);
            wait();
        } while (is_at(SIGPROF));
    }
    // Runs up to this address; false when it ended before.
    bool run_to(uint64_t address) {
        constexpr uint64_t BREAKPOINT = 0xcc;
        const uint64_t word = word_at(address);
        set_word(address, (word & ~uint64_t{0xff}) | BREAKPOINT);
        proceed(PTRACE_CONT);
        if (!is_at_trap()) return false;
        set_word(address, word);
        go_to(address);
        return true;
    }
    // From here on its signals end it; the first tick may yet be one from before, and from that to
    // the second is a whole one.
    void run_to_the_end() {
        size_t ticks = 0;
        uint64_t signal = 0;
        while (is_running()) {
            ::ptrace(PTRACE_CONT, pid_, nullptr, signal);
            wait();
            const bool is_early = is_at(SIGPROF) && ++ticks == 1;
            signal = is_early ? 0 : uint64_t(WSTOPSIG(status_));
        }
    }

  private:
    bool is_at(int signal) const { return is_running() && WSTOPSIG(status_) == signal; }
    void wait() {
        while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
        }
    }

    pid_t pid_;
    int status_ = 0;
};

class FaultInjection : public ::testing::Test {
  protected:
    void SetUp() override {
#if defined(__has_feature) && __has_feature(address_sanitizer)
        GTEST_SKIP() << "the sanitizers' own checks are not what is tested here";
#endif
        code_ = disassemble();
        if (code_.empty()) GTEST_SKIP() << "objdump is not installed";
        Victim victim(image::testing::make_image({}), request_);
        if (!victim.is_running()) GTEST_SKIP() << "no process may be traced here";
    }

    // How often each instruction of the verify path is run for this image. What is called outside
    // of the path runs at full speed, to where it returns.
    std::map<uint64_t, size_t> trace(const std::string& file) {
        std::map<uint64_t, size_t> hits;
        Victim victim(file, request_);
        if (!victim.run_to(reinterpret_cast<uint64_t>(&boot))) return hits;
        while (victim.is_at_trap()) {
            const user_regs_struct now = victim.registers();
            const uint64_t address = now.rip - base();
            if (code_.contains(address)) {
                ++hits[address];
                victim.step();
            } else if (!victim.run_to(victim.word_at(now.rsp))) {
                break;
            }
        }
        EXPECT_TRUE(victim.has_refused()) << "without a fault";
        return hits;
    }

    // The nth time that it comes to `at`, it goes on at `to` instead.
    bool starts_with_fault(const std::string& file, uint64_t at, size_t nth, uint64_t to) {
        Victim victim(file, request_);
        for (size_t i = 1; i <= nth; ++i) {
            // The run that was traced came here: a fault that is left out would be no start either.
            if (!victim.run_to(base() + at)) {
                ADD_FAILURE() << "no fault was injected at 0x" << std::hex << at;
                return victim.has_started();
            }
            if (i < nth) victim.step();
        }
        victim.go_to(base() + to);
        victim.run_to_the_end();
        return victim.has_started();
    }

    void expect_no_start(const std::string& file) {
        size_t faults = 0;
        size_t starts = 0;
        const auto inject = [&](uint64_t at, size_t nth, uint64_t to) {
            ++faults;
            if (!starts_with_fault(file, at, nth, to)) return;
            ++starts;
            ADD_FAILURE() << std::hex << "started: at 0x" << at << " to 0x" << to << ", time "
                          << std::dec << nth;
        };
        for (const auto& [address, hits] : trace(file)) {
            const Instruction& instruction = code_.at(address);
            // A loop's first turns and its last stand for those in between.
            for (size_t nth = 1; nth <= hits; nth = nth == 2 && hits > 2 ? hits : nth + 1) {
                inject(address, nth, address + instruction.length);
                if (instruction.branch_target != 0) inject(address, nth, instruction.branch_target);
            }
        }
        EXPECT_GT(faults, 1000U);
        EXPECT_EQ(starts, 0U);
        std::printf("%zu faults, %zu starts\n", faults, starts);
    }

    const signing::KeySet trusted_ = signing::testing::make({});
    const image::VerifyRequest request_ = image::testing::request(trusted_);
    Code code_;
};

TEST_F(FaultInjection, IsAbleToStartWhatIsGenuine) {
    Victim victim(image::testing::make_image({}), request_);
    victim.run_to_the_end();
    EXPECT_TRUE(victim.has_started());
}

TEST_F(FaultInjection, StartsNothingWithADamagedSignature) {
    std::string file = image::testing::make_image({});
    file[file.size() - 1] = char(file[file.size() - 1] ^ 1);
    expect_no_start(file);
}

TEST_F(FaultInjection, StartsNothingWithAPartOfAnotherImage) {
    std::string file = image::testing::make_image({});
    file.replace(file.find("layout one"), 10, "layout uno");
    expect_no_start(file);
}

TEST_F(FaultInjection, StartsNothingThatWasRolledBack) {
    expect_no_start(image::testing::make_image({.security_counter = 2}));
}

TEST_F(FaultInjection, StartsNothingOfAnUnknownKey) {
    expect_no_start(image::testing::make_image({.signers = {"thief"}}));
}

}  // namespace
}  // namespace defib
