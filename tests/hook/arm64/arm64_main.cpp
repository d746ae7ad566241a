// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-hook-arm64: the hook in an arm64 guest, served by its cycle counters
// (tests/hook/arm64/run).
//
// The engine knows no arm64 kernel yet, so the ring is found and written here with nothing but its
// own description (engine/abi/hook_ring.h).
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <regex>
#include <thread>

#include "engine/abi/hook_ring.h"
#include "engine/base/file.h"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr uint64_t RAM_AT = 0x40000000;  // of QEMU's machine "virt"
constexpr size_t RAM_SIZE = size_t{512} << 20;
constexpr size_t PAGE = 4096;
// TCG on a busy machine.
constexpr auto PATIENCE = 120s;
// A request that is served is served within some periods of 10 ms.
constexpr auto UNANSWERED = 15s;
constexpr auto SILENCE = 3s;
constexpr auto COUNTED_FOR = 3s;
constexpr uint32_t ASKED_US = 1000;

bool wait_for(const std::function<bool()>& holds, Clock::duration within) {
    const auto deadline = Clock::now() + within;
    while (!holds()) {
        if (Clock::now() > deadline) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

// A guest that is gone with this object, its RAM too.
class Arm64Guest {
  public:
    Arm64Guest(const std::string& kernel, const std::string& initrd, const std::string& work,
               bool has_nmis)
        : ram_(work + "/ram"), log_(work + "/console") {
        std::filesystem::remove(log_);
        const int file = open(ram_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file >= 0 && ftruncate(file, RAM_SIZE) == 0) {
            void* mapped = mmap(nullptr, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (mapped != MAP_FAILED) memory_ = static_cast<std::byte*>(mapped);
        }
        if (file >= 0) close(file);
        std::vector<std::string> words = {
            "qemu-system-aarch64",
            "-nodefaults",
            "-no-user-config",
            "-machine",
            "virt,gic-version=3,memory-backend=ram",
            "-accel",
            "tcg,thread=multi",
            "-cpu",
            "cortex-a57",
            "-smp",
            "2",
            "-m",
            "512",
            "-object",
            "memory-backend-file,id=ram,size=512M,share=on,mem-path=" + ram_,
            "-kernel",
            kernel,
            "-initrd",
            initrd,
            "-append",
            fmt::format("console=ttyAMA0 panic=0 irqchip.gicv3_pseudo_nmi={}", has_nmis ? 1 : 0),
            "-display",
            "none",
            "-no-reboot",
            "-serial",
            "file:" + log_};
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        if (posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0) pid_ = -1;
    }
    ~Arm64Guest() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        if (memory_ != nullptr) munmap(memory_, RAM_SIZE);
        std::filesystem::remove(ram_);
    }
    Arm64Guest(const Arm64Guest&) = delete;
    Arm64Guest& operator=(const Arm64Guest&) = delete;

    bool is_up() const { return pid_ > 0 && memory_ != nullptr; }
    std::string console() const {
        const auto text = defib::MappedFile::open(log_);
        return text ? std::string(defib::as_text(text->bytes())) : std::string();
    }
    size_t beats() const {
        const std::string text = console();
        const std::regex beat("beat [0-9]+");
        return static_cast<size_t>(
            std::distance(std::sregex_iterator(text.begin(), text.end(), beat), {}));
    }
    // The heart has been silent for a while.
    bool falls_silent() const {
        size_t seen = beats();
        auto since = Clock::now();
        return wait_for(
            [&] {
                const size_t now = beats();
                if (now != seen) since = Clock::now();
                seen = now;
                return Clock::now() - since > SILENCE;
            },
            PATIENCE);
    }
    std::byte* ring() const {
        for (size_t at = 0; at < RAM_SIZE; at += PAGE) {
            DefibHookHeader header;
            std::memcpy(&header, memory_ + at, sizeof header);
            if (std::memcmp(header.magic, DEFIB_HOOK_MAGIC, sizeof DEFIB_HOOK_MAGIC) == 0 &&
                header.physical == RAM_AT + at &&
                header.sum == defib_hook_description_sum(&header)) {
                return memory_ + at;
            }
        }
        return nullptr;
    }

  private:
    std::string ram_;
    std::string log_;
    std::byte* memory_ = nullptr;
    pid_t pid_ = -1;
};

// Posts into slot 0, and waits for its answer.
std::optional<DefibHookAnswer> ask(std::byte* ring, DefibHookRequest request,
                                   Clock::duration within) {
    auto& header = *reinterpret_cast<DefibHookHeader*>(ring);
    auto& engine = *reinterpret_cast<DefibHookEngine*>(ring + header.engine_at);
    auto& there = *reinterpret_cast<DefibHookRequest*>(ring + header.requests_at);
    auto& answer = *reinterpret_cast<DefibHookAnswer*>(ring + header.answers_at);
    std::atomic_ref(engine.attached).store(header.load);
    request.sequence = there.sequence + 1;
    request.sum = defib_hook_request_sum(&request, header.load, 0);
    const uint32_t sequence = std::exchange(request.sequence, there.sequence);
    std::memcpy(&there, &request, sizeof there);
    std::atomic_ref(there.sequence).store(sequence, std::memory_order_release);
    const auto is_answered = [&] {
        return std::atomic_ref(answer.sequence).load(std::memory_order_acquire) == sequence;
    };
    if (!wait_for(is_answered, within)) return {};
    return answer;
}

// A CPU's beat, as it stands in the ring between two of them.
DefibHookBeat beat_of(std::byte* ring, uint32_t cpu) {
    const auto& header = *reinterpret_cast<DefibHookHeader*>(ring);
    DefibHookBeat beat = {};
    do {
        std::memcpy(&beat, ring + header.beats_at + cpu * sizeof beat, sizeof beat);
    } while (beat.begun != beat.ended);
    return beat;
}

// How often the counter's NMI comes to a CPU in a second of the guest's time, with `period_us`
// asked for; the first of it are still at the old rate.
double rate_of(std::byte* ring, uint32_t cpu, uint32_t period_us) {
    const auto& header = *reinterpret_cast<DefibHookHeader*>(ring);
    auto& engine = *reinterpret_cast<DefibHookEngine*>(ring + header.engine_at);
    std::atomic_ref(engine.period_us).store(period_us);
    std::this_thread::sleep_for(1s);
    const DefibHookBeat first = beat_of(ring, cpu);
    std::this_thread::sleep_for(COUNTED_FOR);
    const DefibHookBeat last = beat_of(ring, cpu);
    if (last.time_ns == first.time_ns) return 0;
    return 1e9 * static_cast<double>(last.nmis - first.nmis) /
           static_cast<double>(last.time_ns - first.time_ns);
}

// What init.c shows of /sys/class/misc/defib/counters: with both CPUs, without CPU 1, and with
// both.
std::string counters_in(const std::string& console) {
    const std::regex shown("counters: ([0-9,-]+ -?[0-9]+ [a-z0-9_]+)");
    std::string all;
    for (std::sregex_iterator at(console.begin(), console.end(), shown), end; at != end; ++at) {
        all += (all.empty() ? "" : ", ") + (*at)[1].str();
    }
    return all;
}

struct Outcome {
    std::string row;
    bool is_right = false;
};

// Both CPUs spin with interrupts off: the rates of one as it is, asked for, and as it is.
struct Rates {
    double idle;
    double asked;
    double after;
};

Rates measure(std::byte* ring) {
    return {rate_of(ring, 1, 0), rate_of(ring, 1, ASKED_US), rate_of(ring, 1, 0)};
}

Outcome fails(bool has_nmis, const std::string& why) {
    return {fmt::format("| {} | {} |", has_nmis ? "pseudo-NMIs" : "none", why), false};
}

Outcome try_release(const Arm64Guest& guest, bool has_nmis) {
    if (!guest.is_up()) return fails(has_nmis, "qemu-system-aarch64 does not start");
    const std::regex leaked("leaked the lock at (?:0x)?([0-9a-f]+)");
    std::smatch found;
    std::string console;
    const bool is_broken = wait_for(
        [&] {
            console = guest.console();
            return std::regex_search(console, found, leaked);
        },
        PATIENCE);
    if (!is_broken) return fails(has_nmis, "the guest is not broken:\n" + console);
    const uint64_t lock = std::stoull(found[1], nullptr, 16);
    if (!guest.falls_silent()) return fails(has_nmis, "its heart goes on");
    std::byte* ring = guest.ring();
    if (ring == nullptr) return fails(has_nmis, "no ring");
    const bool has_perf =
        (reinterpret_cast<DefibHookHeader*>(ring)->sources & DEFIB_HOOK_SOURCE_PERF) != 0;
    const size_t beats = guest.beats();
    const Rates rates = measure(ring);
    const std::string counters = counters_in(console);
    const auto asked = Clock::now();
    DefibHookRequest release = {};
    release.kind = DEFIB_HOOK_RELEASE;
    release.cpu = DEFIB_HOOK_ANY_CPU;
    release.attempts = 100;
    release.arguments[0] = lock;
    release.arguments[1] = 1;     // taken
    release.arguments[2] = 0xff;  // whoever waits
    const auto answer = ask(ring, release, has_nmis ? PATIENCE : UNANSWERED);
    const double took_ms = std::chrono::duration<double, std::milli>(Clock::now() - asked).count();
    const bool is_back = answer && wait_for([&] { return guest.beats() > beats + 3; }, PATIENCE);
    const bool is_from_nmi = answer && answer->status == DEFIB_HOOK_STATUS_DONE &&
                             (answer->flags & DEFIB_HOOK_SOURCE_PERF) != 0 &&
                             (answer->flags & DEFIB_HOOK_IRQS_OFF) != 0;
    Outcome outcome;
    outcome.row = fmt::format("| {} | {} | {} | {:.0f}, {:.0f}, {:.0f} | {} | {} | {} |",
                              has_nmis ? "on" : "off", has_perf ? "perf, tick" : "tick", counters,
                              rates.idle, rates.asked, rates.after,
                              answer ? fmt::format("after {:.0f} ms", took_ms) : "no",
                              is_from_nmi ? "yes" : "no", is_back ? "yes" : "no");
    const std::regex come_and_go("0-1 0 ([a-z0-9_]+), 0 0 \\1, 0-1 0 \\1");
    const bool is_followed = rates.asked > 2 * rates.idle && rates.asked > 2 * rates.after;
    outcome.is_right = has_nmis ? has_perf && is_from_nmi && is_back && is_followed &&
                                      std::regex_match(counters, come_and_go)
                                : !has_perf && !answer && rates.asked == 0;
    return outcome;
}

}  // namespace

int main(int count, char** arguments) {
    std::string kernel;
    std::string initrd;
    std::string work;
    CLI::App app("the hook on arm64, woken by its cycle counters");
    app.add_option("--kernel", kernel, "an arm64 Image with pseudo-NMIs")->required();
    app.add_option("--initrd", initrd, "with init.c and the modules")->required();
    app.add_option("--work", work, "a folder for RAM and console")->required();
    CLI11_PARSE(app, count, arguments);
    fmt::print(
        "| pseudo-NMIs | sources | counters | NMIs a second: idle, asked for 1000, idle | release "
        "answered | by perf, interrupts off | the heart beats again |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    bool is_right = true;
    for (const bool has_nmis : {true, false}) {
        const Arm64Guest guest(kernel, initrd, work, has_nmis);
        const Outcome outcome = try_release(guest, has_nmis);
        fmt::print("{}\n", outcome.row);
        is_right = is_right && outcome.is_right;
    }
    return is_right ? 0 : 1;
}
