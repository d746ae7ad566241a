// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// ./dev lab: a real kernel to break by hand.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "engine/base/command.h"
#include "tests/lab/guest.h"

namespace defib::lab {
namespace {

struct UpOptions {
    GuestOptions guest;
    uint64_t swap_megabytes = 0;
    uint64_t swap_speed = 0;
    uint64_t disk_megabytes = 0;
    uint64_t disk_speed = 0;
    std::vector<std::string> files;
    Argv command;
};

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

Result<int> list() {
    const std::vector<Kernel> cached = cached_kernels();
    for (const std::string_view name : kernel_names()) {
        const auto at = std::ranges::find(cached, name, &Kernel::name);
        print(at == cached.end()
                  ? fmt::format("{:<12} not fetched yet\n", name)
                  : fmt::format("{:<12} {:<32} {}\n", name, at->release, at->folder.string()));
    }
    return DEFIB_EXIT_DONE;
}

Action declare_list(CLI::App&) {
    return list;
}

std::vector<Disk> disks_of(const UpOptions& options) {
    constexpr uint64_t MEGABYTE = 1'000'000;
    std::vector<Disk> disks;
    if (options.swap_megabytes != 0) {
        disks.push_back({.use = Disk::Use::SWAP,
                         .megabytes = options.swap_megabytes,
                         .bytes_per_second = options.swap_speed * MEGABYTE});
    }
    if (options.disk_megabytes != 0) {
        disks.push_back({.use = Disk::Use::EXT4,
                         .megabytes = options.disk_megabytes,
                         .bytes_per_second = options.disk_speed * MEGABYTE,
                         .mount_at = "/disk"});
    }
    return disks;
}

Result<int> up(const UpOptions& options) {
    GuestOptions wanted = options.guest;
    wanted.disks = disks_of(options);
    if (::isatty(STDOUT_FILENO) != 0) print(fmt::format("starting {} ...\r", wanted.kernel));
    auto guest = Guest::boot(wanted);
    if (!guest) return std::unexpected(guest.error());
    for (const std::string& file : options.files) {
        const std::string to = "/tmp/" + std::filesystem::path(file).filename().string();
        if (auto pushed = guest->push_file(file, to); !pushed) {
            return std::unexpected(pushed.error());
        }
    }
    print(fmt::format("{}: {} CPUs, {} MB of RAM in {}\n", guest->kernel().release, wanted.cpus,
                      wanted.ram_megabytes, guest->ram_file().string()));
    print(fmt::format("from another terminal: --target vm:{}\n", guest->ram_file().string()));
    if (::isatty(STDIN_FILENO) != 0) {
        print("the guest ends with its shell; Ctrl-] ends both at once\n");
    }
    auto status = guest->interact(options.command);
    if (!status) return status;
    return *status == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

Action declare_up(CLI::App& app) {
    auto options = std::make_shared<UpOptions>();
    GuestOptions& guest = options->guest;
    options->command = {"sh"};
    app.add_option("kernel", guest.kernel, "6.1 or 6.12, with -cloud or -rt for another flavour")
        ->capture_default_str();
    app.add_option("--cpus", guest.cpus, "1 to 8")->capture_default_str();
    app.add_option("--ram", guest.ram_megabytes, "MB, 256 to 6144")->capture_default_str();
    app.add_option("--swap", options->swap_megabytes, "MB of swap");
    app.add_option("--swap-speed", options->swap_speed, "MB/s that the swap disk does");
    app.add_option("--disk", options->disk_megabytes, "MB of ext4 at /disk");
    app.add_option("--disk-speed", options->disk_speed, "MB/s that the disk does");
    app.add_flag("--kaslr,!--no-kaslr", guest.kaslr, "place the kernel at random (default)");
    app.add_flag("--five-level-paging", guest.five_level_paging, "57-bit addresses");
    app.add_flag("!--no-hypervisor-bit", guest.hypervisor_bit,
                 "hide the hypervisor: real queued spinlocks");
    app.add_flag("--hpet-nmi", guest.hpet_nmi, "an HPET that can send NMIs");
    app.add_flag("--mitigations", guest.mitigations, "leave the CPU mitigations on");
    app.add_option("--append", guest.command_line, "more of the kernel's command line");
    app.add_option("--log-level", guest.console_level, "kernel messages below it are shown")
        ->capture_default_str();
    app.add_option("--module", guest.modules, "one of the kernel's own modules to load");
    app.add_option("--push", options->files, "a file to put into the guest's /tmp");
    app.add_option("--run", options->command, "a program instead of the shell, and its arguments");
    return [options] { return up(*options); };
}

constexpr Command COMMANDS[] = {
    {"", "up", "start a guest and open a shell in it", declare_up},
    {"", "list", "the kernels there are", declare_list},
};

}  // namespace
}  // namespace defib::lab

int main(int argc, char** argv) {
    const std::span<const defib::Command> tables[] = {defib::lab::COMMANDS};
    return defib::run_commands("lab", "Real kernels to break, in guests whose RAM is a file.", {},
                               tables, argc, argv);
}
