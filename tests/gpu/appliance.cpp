// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defib-boot with a signed image, its engine on the GPU: the stages, the process that holds the
// card standing still without the target's memory, a deadlock of eight CPUs that the card ends, and
// an end in order. What tests/boot's gpu_test shows over a driver without a GPU, on a real one.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "boot/journal/reader.h"
#include "tests/faults/inject.h"
#include "tests/gpu/suite.h"
#include "tests/gpu/threads.h"
#include "tests/lab/host_program.h"

namespace defib::gpu {
namespace {

using std::chrono::seconds;

// The driver may have to compile the image's text.
constexpr seconds TO_START{240};

struct Folder {
    Folder() { mkdtemp(path.data()); }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(const char* name) const { return path + "/" + name; }
    std::string path = "/tmp/defib-gpu-XXXXXX";
};

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool wait_for(const std::function<bool()>& condition, seconds within) {
    const auto until = lab::Clock::now() + within;
    while (!condition()) {
        if (lab::Clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

// defib-boot in the background; what it says goes into a file.
class Boot {
  public:
    Boot(std::vector<std::string> words, std::string log) : log_(std::move(log)) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
        std::vector<char*> argv;
        argv.reserve(words.size() + 1);
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        if (posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
        posix_spawn_file_actions_destroy(&actions);
    }
    Boot(const Boot&) = delete;
    Boot& operator=(const Boot&) = delete;
    ~Boot() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }

    std::string said() const { return text_of(log_); }
    bool has_ended() {
        if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
        return pid_ <= 0;
    }
    bool is_armed() {
        wait_for([&] { return said().contains("armed: ") || has_ended(); }, TO_START);
        return said().contains("armed: ") && !has_ended();
    }
    // SIGTERM, and its exit status; -1: it does not end.
    int stop() {
        if (pid_ > 0) kill(pid_, SIGTERM);
        if (!wait_for([&] { return has_ended(); }, seconds(60))) return -1;
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    }
    pid_t pid() const { return pid_; }
    // Who holds the card.
    pid_t host() const {
        const std::string id = std::to_string(pid_);
        std::ifstream children("/proc/" + id + "/task/" + id + "/children");
        pid_t child = -1;
        children >> child;
        return child;
    }
    // What of a line that begins so.
    std::string line_of(const std::string& start) const {
        const std::string text = said();
        const size_t at = text.find("defib-boot: " + start);
        return at == std::string::npos ? "" : text.substr(at + 12, text.find('\n', at) - at - 12);
    }

  private:
    std::string log_;
    pid_t pid_ = -1;
    int status_ = -1;
};

bool stands(pid_t pid) {
    return text_of(fmt::format("/proc/{}/status", pid)).contains("State:\tT");
}

bool has_rights_to(pid_t pid, const std::string& path) {
    std::ifstream maps(fmt::format("/proc/{}/maps", pid));
    for (std::string line; std::getline(maps, line);) {
        const size_t rights = line.find(' ');
        if (!line.contains(path) || rights == std::string::npos) continue;
        if (line.substr(rights + 1, 2) != "--") return true;
    }
    return false;
}

// Repairs that took a step, and whether the file is whole.
std::pair<size_t, bool> repairs_in(const std::string& path) {
    const auto file = MappedFile::open(path);
    if (!file) return {0, false};
    const auto read = boot::read_journal(file->bytes(), path);
    if (!read || read->sessions.empty()) return {0, false};
    const auto& entries = read->sessions.back().entries;
    const auto count = std::ranges::count_if(entries, [](const DefibJournalEntry& entry) {
        return entry.kind == DEFIB_JOURNAL_CLOSED && entry.values[2] != 0;
    });
    return {static_cast<size_t>(count), !read->is_damaged && !read->is_cut_off};
}

// Nothing happens meanwhile.
void measure_idle(Suite& suite, pid_t guard, pid_t host) {
    const auto time = std::min(suite.idle, seconds(20));
    const ThreadCosts guards = thread_costs(guard);
    const ThreadCosts hosts = thread_costs(host);
    std::this_thread::sleep_for(time);
    suite.add(fmt::format("- processor time in {} s of calm", time.count()),
              fmt::format("{:.1f} ms", total_ms(between(guards, thread_costs(guard)))),
              fmt::format("who holds the GPU, and stands: {:.1f} ms",
                          total_ms(between(hosts, thread_costs(host)))));
}

Result<void> guard(Suite& suite) {
    const Folder folder;
    const auto trusted = lab::run_host_program(
        {suite.defib, "key", "trust", suite.keys, "--first", "--state", folder / "state"});
    if (!trusted) return std::unexpected(trusted.error());
    const auto& fault = *faults::find("f1a");
    auto options = faults::guest_for(fault, suite.kernel);
    options.cpus = 8;
    options.ram_megabytes = 1024;
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    if (auto done = bring_faults(suite, *guest); !done) return done;

    const bool is_gpu = suite.backend.backend == boot::Backend::cuda;
    const std::string ram = guest->ram_file().string();
    Boot boot({suite.boot, "--state", folder / "state", "--machine", "Acme/R1/B1", "--image",
               suite.image, "--target", "vm:" + ram, "--journal", folder / "journal",
               "--keep-oom-score", "--backend", is_gpu ? "cuda" : "cpu"},
              folder / "log");
    const bool is_armed = boot.is_armed();
    suite.check("defib-boot: armed", is_armed, boot.line_of("armed"));
    if (!is_armed) {
        fmt::print(stderr, "{}", boot.said());
        return {};
    }
    for (const char* stage :
         {"claim the processor", "self-test of the engine", "load policy", "start", "seal"}) {
        const std::string begins = std::string(stage) + ": ";
        const std::string line = boot.line_of(begins);
        suite.add(fmt::format("- {}", stage), line.substr(std::min(begins.size(), line.size())));
    }
    const pid_t host = boot.host();
    if (is_gpu) {
        suite.check("- who holds the GPU stands, without the target's memory",
                    stands(host) && !has_rights_to(host, ram));
        kill(host, SIGCONT);
        suite.check("- and stands again when it is continued",
                    wait_for([&] { return stands(host); }, seconds(10)));
        measure_idle(suite, boot.pid(), host);
    }
    const auto injection = faults::inject(*guest, fault);
    if (!injection) return std::unexpected(injection.error());
    wait_for([&] { return repairs_in(folder / "journal").first > 0; }, seconds(60));
    const bool is_alive = guest->alive(seconds(30));
    const bool stood = !is_gpu || stands(host);
    const int status = boot.stop();
    const auto [repairs, is_whole] = repairs_in(folder / "journal");
    suite.check(
        "defib-boot, sealed: eight CPUs deadlocked on a leaked spinlock, revived",
        is_alive && stood && repairs > 0 && is_whole && status == 0,
        fmt::format("{} repairs in a journal that is {}; longest silence {} ms; status {}", repairs,
                    is_whole ? "whole" : "damaged",
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                        lab::longest_gap(guest->heartbeats(), injection->at, lab::Clock::now()))
                        .count(),
                    status));
    if (status != 0) fmt::print(stderr, "{}", boot.said());
    if (is_gpu) {
        suite.check(
            "- who held the GPU has ended with it",
            wait_for([&] { return !std::filesystem::exists(fmt::format("/proc/{}", host)); },
                     seconds(30)));
    }
    return {};
}

}  // namespace

void check_appliance(Suite& suite) {
    if (suite.boot.empty() || suite.image.empty() || suite.keys.empty()) {
        return suite.add("defib-boot", "not tried", "--boot, --image and --keys say with what");
    }
    if (const auto done = guard(suite); !done) suite.fail_with("defib-boot", done.error());
}

}  // namespace defib::gpu
