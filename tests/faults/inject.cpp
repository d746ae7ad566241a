// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/inject.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "tests/faults/with_libraries.h"
#include "tests/lab/build_module.h"

namespace defib::faults {
namespace {

namespace fs = std::filesystem;

constexpr const char* VICTIM = "/bin/victim";
constexpr const char* STRESS_NG = "/usr/bin/stress-ng";

Result<void> push_tree(lab::Guest& guest, const fs::path& root) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(root, error), end; !error && at != end;
         at.increment(error)) {
        const std::string there = "/" + at->path().lexically_relative(root).string();
        if (at->is_directory()) {
            if (auto made = guest.run({"mkdir", "-p", there}); !made) {
                return std::unexpected(made.error());
            }
        } else if (auto pushed = guest.push_file(at->path(), there); !pushed) {
            return pushed;
        }
    }
    if (!error) return {};
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, root.string(), error.message());
}

Result<bool> exists(lab::Guest& guest, const std::string& path) {
    auto outcome = guest.run({"test", "-e", path});
    if (!outcome) return std::unexpected(outcome.error());
    return outcome->status == 0;
}

Result<void> bring_module(lab::Guest& guest) {
    auto is_there = exists(guest, "/sys/module/defib_fault");
    if (!is_there) return std::unexpected(is_there.error());
    if (*is_there) return {};
    auto module = module_for(guest.kernel());
    if (!module) return std::unexpected(module.error());
    return guest.load_module(*module);
}

Result<void> bring_stress_ng(lab::Guest& guest) {
    auto is_there = exists(guest, STRESS_NG);
    if (!is_there) return std::unexpected(is_there.error());
    if (*is_there) return {};
    const auto folder = lab::prebuilt();
    return folder ? push_tree(guest, *folder / "root") : push_with_libraries(guest, STRESS_NG);
}

Result<void> apply(lab::Guest& guest, const Setting& setting) {
    const std::string script =
        fmt::format("for file in {}; do [ ! -e $file ] || echo {} > $file || exit 1; done",
                    setting.path, setting.value);
    auto outcome = guest.run({"sh", "-c", script});
    if (!outcome) return std::unexpected(outcome.error());
    if (outcome->status == 0) return {};
    return fail(DEFIB_ERROR_LAB_REFUSED, setting.path, outcome->err);
}

lab::Argv words_of(const char* command) {
    std::istringstream stream(command);
    lab::Argv words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

}  // namespace

// Also without a fault that is a process: symptom.cpp looks with it.
Result<void> bring_victim(lab::Guest& guest) {
    auto is_there = exists(guest, VICTIM);
    if (!is_there) return std::unexpected(is_there.error());
    if (*is_there) return {};
    const auto folder = lab::prebuilt();
    return guest.push_file(folder ? *folder / "defib-victim" : DEFIB_VICTIM_PROGRAM, VICTIM);
}

lab::GuestOptions guest_for(const Fault& fault, std::string_view kernel) {
    lab::GuestOptions options;
    options.kernel = kernel;
    options.cpus = fault.guest.cpus;
    options.ram_megabytes = fault.guest.ram_mb;
    options.hypervisor_bit = !fault.guest.queued_spinlocks;
    // The empty disk comes first, so that it is /dev/vda.
    if (fault.guest.disk_mb != 0) {
        options.disks.push_back({.use = lab::Disk::Use::RAW,
                                 .megabytes = fault.guest.disk_mb,
                                 .bytes_per_second = 20'000'000});
    }
    if (fault.guest.swap_mb != 0) {
        options.disks.push_back(
            {.use = lab::Disk::Use::SWAP,
             .megabytes = fault.guest.swap_mb,
             .bytes_per_second = uint64_t{fault.guest.swap_mb_per_s} * 1'000'000});
    }
    return options;
}

Result<void> prepare(lab::Guest& guest, const Fault& fault) {
    if (auto done = bring_module(guest); !done) return done;
    if (auto done = bring_victim(guest); !done) return done;
    for (const Setting& setting : fault.guest.settings) {
        if (auto done = apply(guest, setting); !done) return done;
    }
    const bool needs_stress_ng = std::ranges::any_of(
        fault.programs, [](const char* program) { return words_of(program)[0] == "stress-ng"; });
    return needs_stress_ng ? bring_stress_ng(guest) : Result<void>{};
}

Result<Injection> inject(lab::Guest& guest, const Fault& fault) {
    if (auto done = prepare(guest, fault); !done) return std::unexpected(done.error());
    Injection injection{&fault, {}, guest.console_size(), lab::Clock::now()};
    for (const char* program : fault.programs) {
        auto pid = guest.start(words_of(program));
        if (!pid) return std::unexpected(pid.error());
        injection.programs.push_back(*pid);
    }
    if (fault.parameter) {
        const std::string path =
            fmt::format("/sys/module/defib_fault/parameters/{}", fault.parameter);
        if (auto done = guest.write_file(path, std::to_string(fault.number)); !done) {
            return std::unexpected(done.error());
        }
    }
    return injection;
}

Result<Injection> inject(lab::Guest& guest, std::string_view name) {
    const Fault* fault = find(name);
    if (!fault) return fail(DEFIB_ERROR_BASE_USAGE, std::string(name), "no such fault");
    return inject(guest, *fault);
}

Result<void> kill_programs(lab::Guest& guest, const Injection& injection) {
    for (const pid_t pid : injection.programs) {
        auto state = guest.state_of(pid);
        if (!state) return std::unexpected(state.error());
        if (state->status) continue;  // the OOM killer was first
        // Each leads its session and so its process group.
        if (auto done = guest.signal(-pid, SIGKILL); !done) return done;
    }
    return {};
}

Result<std::filesystem::path> module_for(const lab::Kernel& kernel) {
    if (const auto folder = lab::prebuilt()) return *folder / kernel.release / "defib_fault.ko";
    return lab::build_module(DEFIB_FAULTS_SOURCE "/module", kernel, DEFIB_FAULTS_BUILD);
}

}  // namespace defib::faults
