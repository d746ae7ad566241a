// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/machine.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine/base/file.h"
#include "tests/lab/cable.h"
#include "tests/lab/host_program.h"
#include "tests/lab/initramfs.h"

namespace defib::lab {
namespace {

std::unexpected<Error> no_machine(const std::string& about) {
    return fail(DEFIB_ERROR_LAB_NO_MACHINE, about, std::generic_category().message(errno));
}

// A file without a name.
Result<UniqueFd> memory_file(const char* what, std::string_view content) {
    UniqueFd fd(::memfd_create(what, MFD_CLOEXEC));
    if (!fd.is_open()) return no_machine(what);
    while (!content.empty()) {
        const ssize_t n = ::write(fd.get(), content.data(), content.size());
        if (n < 0) return no_machine(what);
        content.remove_prefix(static_cast<size_t>(n));
    }
    return fd;
}

Result<UniqueFd> make_disk(const Disk& disk) {
    MappedFile content;
    if (!disk.content.empty()) {
        auto opened = MappedFile::open(disk.content);
        if (!opened) return std::unexpected(opened.error());
        content = std::move(*opened);
    }
    auto file = memory_file("defib-disk", as_text(content.bytes()));
    if (!file) return file;
    if (::ftruncate(file->get(), static_cast<off_t>(disk.megabytes << 20)) != 0) {
        return no_machine("disk");
    }
    const std::string path =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file->get());
    Result<std::string> made;
    if (disk.use == Disk::Use::EXT4) made = run_host_program({"mkfs.ext4", "-q", "-F", path});
    if (disk.use == Disk::Use::XFS) made = run_host_program({"mkfs.xfs", "-q", "-f", path});
    if (!made) return std::unexpected(made.error());
    return file;
}

// GRUB that Debian signed looks for its orders in EFI/debian.
Result<void> fill_system_partition(const GuestOptions& options, const Kernel& kernel,
                                   const std::string& initramfs) {
    const std::filesystem::path& folder = options.system_partition;
    std::error_code error;
    std::filesystem::create_directories(folder / "EFI/debian", error);
    std::filesystem::copy_file(kernel.image(), folder / "kernel",
                               std::filesystem::copy_options::overwrite_existing, error);
    if (error) return fail(DEFIB_ERROR_LAB_NO_MACHINE, folder.string(), error.message());
    if (auto done = write_atomically(folder / "initrd", initramfs); !done) return done;
    return write_atomically(folder / "EFI/debian/grub.cfg",
                            "linux /kernel " + command_line(options) + "\ninitrd /initrd\nboot\n");
}

}  // namespace

Result<Cable> make_cable() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return no_machine("cable");
    return Cable{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

namespace {

struct SocketPair {
    UniqueFd ours;
    UniqueFd qemus;
};

Result<SocketPair> make_socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return no_machine("socket");
    return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string content_of(const UniqueFd& fd) {
    std::string text(4096, '\0');
    const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
}

}  // namespace

Result<std::unique_ptr<Guest::Machine>> Guest::Machine::start(GuestOptions options) {
    if (auto checked = check(options); !checked) return std::unexpected(checked.error());
    auto kernel = find_kernel(options.kernel);
    if (!kernel) return std::unexpected(kernel.error());
    auto archive = make_initramfs(*kernel, modules_for(options));
    if (!archive) return std::unexpected(archive.error());

    if (!options.system_partition.empty()) {
        if (auto done = fill_system_partition(options, *kernel, *archive); !done) {
            return std::unexpected(done.error());
        }
    }

    auto console = make_socket_pair();
    if (!console) return std::unexpected(console.error());
    auto agent = make_socket_pair();
    if (!agent) return std::unexpected(agent.error());
    auto qmp = make_socket_pair();
    if (!qmp) return std::unexpected(qmp.error());
    auto beats = BeatMonitor::create();
    if (!beats) return std::unexpected(beats.error());
    auto initramfs = memory_file("defib-initramfs", *archive);
    if (!initramfs) return std::unexpected(initramfs.error());
    auto log = memory_file("defib-qemu-log", {});
    if (!log) return std::unexpected(log.error());

    KeeperPlan plan;
    plan.inherited = {console->qemus.get(), agent->qemus.get(), qmp->qemus.get(), (*beats)->fd(),
                      initramfs->get()};
    std::vector<UniqueFd> disks;
    for (const Disk& disk : options.disks) {
        auto file = make_disk(disk);
        if (!file) return std::unexpected(file.error());
        plan.inherited.push_back(file->get());
        disks.push_back(std::move(*file));
    }
    if (options.cable.fd >= 0) plan.inherited.push_back(options.cable.fd);
    plan.ram_file = new_ram_file_name();
    plan.ram_bytes = options.ram_megabytes << 20;
    plan.argv = qemu_arguments(options, *kernel, plan.ram_file);
    plan.log = log->get();
    auto keeper = Keeper::start(plan);
    if (!keeper) return std::unexpected(keeper.error());

    auto machine = std::make_unique<Machine>();
    machine->options = std::move(options);
    machine->kernel = std::move(*kernel);
    machine->ram_file = plan.ram_file;
    machine->log = std::move(*log);
    machine->keeper = std::move(*keeper);
    machine->qmp = std::make_unique<Qmp>(std::move(qmp->ours));
    machine->link = std::make_unique<Link>(std::move(console->ours), std::move(agent->ours),
                                           machine->keeper.socket(), std::move(*beats));
    return machine;
}

std::string Guest::Machine::last_words() const {
    std::string words = content_of(log);
    const auto lock = link->lock();
    words += tail_of(link->console(), 25);
    while (words.ends_with('\n')) words.pop_back();
    // An error is one line.
    for (size_t at = 0; (at = words.find('\n', at)) != std::string::npos; at += 3) {
        words.replace(at, 1, " | ");
    }
    return words.empty() ? "nothing on its console" : "its console ends: " + words;
}

std::string tail_of(std::string_view console, size_t lines) {
    std::string text;
    for (const char c : console) {
        if (c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20) text += c;
    }
    size_t from = text.size();
    while (lines > 0 && from != 0) {
        const size_t before = text.find_last_of('\n', from < 2 ? 0 : from - 2);
        from = before == std::string::npos ? 0 : before + 1;
        --lines;
    }
    return text.substr(from);
}

}  // namespace defib::lab
