// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What defib can do today, shown on a real kernel: a layout is made from the kernel's own file, the
// kernel is booted and deadlocked, and then everything that can no longer be asked of it is read
// from outside, through its memory. Each `$` line is a command that a person could type.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/command.h"
#include "engine/base/file.h"
#include "engine/base/result.h"
#include "tests/demo/heart.h"
#include "tests/faults/inject.h"
#include "tests/faults/symptom.h"
#include "tests/lab/host_program.h"

namespace {

using namespace defib;
using std::chrono::milliseconds;

constexpr const char* KERNEL = "6.12";
constexpr const char* FAULT = "f1b";
constexpr size_t HEART_CELLS = 60;
constexpr milliseconds HEART_CELL{100};

double seconds_since(lab::Clock::time_point start) {
    return std::chrono::duration<double>(lab::Clock::now() - start).count();
}

void headline(const char* text) {
    const bool bold = wants_colour(STDOUT_FILENO);
    std::printf("\n%s%s%s\n", bold ? "\033[1m" : "", text, bold ? "\033[0m" : "");
    std::fflush(stdout);
}

// The heartbeat for that long: a line that moves on a terminal, one line at the end elsewhere.
void watch_heart(const lab::Guest& guest, milliseconds for_so_long) {
    const bool is_live = ::isatty(STDOUT_FILENO) != 0;
    const auto end = lab::Clock::now() + for_so_long;
    while (lab::Clock::now() < end) {
        std::this_thread::sleep_for(HEART_CELL);
        if (!is_live) continue;
        std::printf("\r    %s",
                    demo::heart_line(guest.heartbeats(), lab::Clock::now(), HEART_CELL, HEART_CELLS)
                        .c_str());
        std::fflush(stdout);
    }
    std::printf(
        "%s    %s\n", is_live ? "\r" : "",
        demo::heart_line(guest.heartbeats(), lab::Clock::now(), HEART_CELL, HEART_CELLS).c_str());
}

// Runs `defib` as a person would and shows at most `most` lines of what it prints.
Result<void> show_command(const std::filesystem::path& defib, std::vector<std::string> words,
                          size_t most, const char* from_the_end = nullptr) {
    std::string typed = "    $ defib";
    for (const std::string& word : words) typed += " " + word;
    std::printf("%s%s\n", typed.c_str(), from_the_end ? from_the_end : "");
    words.insert(words.begin(), defib.string());
    const auto start = lab::Clock::now();
    const auto output = lab::run_host_program(words);
    if (!output) return std::unexpected(output.error());
    std::vector<std::string> lines;
    for (size_t at = 0; at < output->size();) {
        const size_t end = std::min(output->find('\n', at), output->size());
        lines.push_back(output->substr(at, end - at));
        at = end + 1;
    }
    const size_t shown = std::min(most, lines.size());
    const size_t first = from_the_end ? lines.size() - shown : 0;
    for (size_t i = first; i < first + shown; ++i) std::printf("    %.110s\n", lines[i].c_str());
    std::printf("    [%zu lines in %.1f s]\n\n", lines.size(), seconds_since(start));
    return {};
}

Result<void> show(const std::filesystem::path& defib) {
    const auto kernel = lab::find_kernel(KERNEL);
    if (!kernel) return std::unexpected(kernel.error());

    headline("1  A kernel's layout, from the file that boots it: no debug package, no source");
    const auto layout = std::filesystem::temp_directory_path() /
                        ("defib-demo-" + std::to_string(::getpid()) + ".json");
    auto start = lab::Clock::now();
    const auto made =
        lab::run_host_program({defib, "layout", "extract", kernel->image(), "-o", layout.string()});
    if (!made) return std::unexpected(made.error());
    std::printf("    %s: %ju KB in %.1f s\n", kernel->release.c_str(),
                static_cast<uintmax_t>(std::filesystem::file_size(layout)) / 1024,
                seconds_since(start));
    const auto shown = show_command(defib, {"layout", "show", layout.string(), "llist_node"}, 6);
    std::filesystem::remove(layout);
    if (!shown) return shown;

    headline("2  That kernel in a guest whose RAM is a file; its heart beats every 20 ms");
    start = lab::Clock::now();
    const auto* fault = faults::find(FAULT);
    auto options = faults::guest_for(*fault, KERNEL);
    auto guest = lab::Guest::boot(options);
    if (!guest) return std::unexpected(guest.error());
    std::printf("    up after %.1f s: %u CPUs, %ju MB in %s\n", seconds_since(start), options.cpus,
                static_cast<uintmax_t>(options.ram_megabytes), guest->ram_file().c_str());
    watch_heart(*guest, milliseconds(6000));

    headline("3  The fault");
    std::printf("    %s: %s\n", FAULT, fault->what);
    const auto injection = faults::inject(*guest, *fault);
    if (!injection) return std::unexpected(injection.error());
    watch_heart(*guest, milliseconds(4000));
    const auto struck = faults::wait_for_symptom(*guest, *injection);
    if (!struck) return struck;
    std::printf("    nothing runs in it any more: no process, no interrupt, no log line\n");

    headline("4  What is in the dead machine, read from outside, through its memory alone");
    const std::string target = "vm:" + guest->ram_file().string();
    for (const auto& [view, lines, end] :
         {std::tuple{"locks", 8U, static_cast<const char*>(nullptr)},
          std::tuple{"ps", 8U, static_cast<const char*>(nullptr)},
          std::tuple{"log", 4U, " | tail"}}) {
        const auto seen = show_command(defib, {view, "--target", target}, lines, end);
        if (!seen) return seen;
    }
    std::printf(
        "    Reviving it is what comes next; docs/SPECIFICATION.md says what there is today.\n");
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: defib-demo DEFIB\n");
        return DEFIB_EXIT_USAGE;
    }
    const auto done = show(argv[1]);
    if (done) return DEFIB_EXIT_DONE;
    std::fprintf(stderr, "defib-demo: %s\n", to_line(done.error()).c_str());
    return exit_status(done.error().code);
}
