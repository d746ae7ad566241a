// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/remote/two_machines.h"

#include <fmt/format.h>
#include <unistd.h>

#include "tests/lab/host_program.h"

namespace defib::remote {
namespace {

using lab::Guest;

// What rdma_rxe needs beyond what modpost sees: it asks the crypto layer for crc32 by name.
const std::vector<std::string> MODULES = {"crc32_generic", "ib_uverbs", "rdma_rxe"};
constexpr uint64_t SMALL_MEGABYTES = 384;
constexpr uint64_t ARCHIVE_MEGABYTES = 128;
constexpr std::chrono::milliseconds SLOW{300'000};

Result<void> shell(Guest& guest, const std::string& script) {
    const auto done = guest.run({"sh", "-c", script + " 2>&1"}, SLOW);
    if (!done) return std::unexpected(done.error());
    if (done->status == 0) return {};
    return fail(DEFIB_ERROR_LAB_REFUSED, script, done->out);
}

// All that both need, as an archive that they get as a disk: the port to the agent is slow.
// libibverbs finds its provider by these names.
Result<void> pack(const std::filesystem::path& archive) {
    const std::string script =
        "set -e; stage=$1.stage; mkdir -p $stage/etc/libibverbs.d; "
        "echo driver rxe >$stage/etc/libibverbs.d/rxe.driver; shift; "
        "for p in \"$@\"; do for f in $p $(ldd $p | grep -o '/[^ ]*'); do "
        "mkdir -p $stage$(dirname $f); cp -L $f $stage$f; strip -s $stage$f; done; done; "
        "tar -cf $0 -C $stage .; rm -r $stage";
    const auto packed =
        lab::run_host_program({"sh", "-c", script, archive.string(), archive.string(),
                               "/usr/bin/rdma", "/usr/lib/x86_64-linux-gnu/libibverbs.so.1",
                               "/usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav34.so",
                               DEFIB_PROGRAM, DEFIB_TRESPASSER});
    if (!packed) return std::unexpected(packed.error());
    return {};
}

// From the guest's disk of that name.
Result<void> bring_rdma(Guest& guest, const char* disk, const char* address) {
    return shell(guest, fmt::format("tar -xf {} -C / && ip link set lo up && "
                                    "ip addr add {}/24 dev eth0 && ip link set eth0 up && "
                                    "rdma link add rxe0 type rxe netdev eth0",
                                    disk, address));
}

// A guest that stands still while its memory is copied.
Result<void> copy_memory(Guest& guest, const std::filesystem::path& to) {
    if (auto stopped = guest.qmp("stop"); !stopped) return std::unexpected(stopped.error());
    std::error_code problem;
    std::filesystem::copy_file(guest.ram_file(), to, problem);
    if (auto goes_on = guest.qmp("cont"); !goes_on) return std::unexpected(goes_on.error());
    if (!problem) return {};
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, to.string(), problem.message());
}

}  // namespace

Result<std::unique_ptr<TwoMachines>> TwoMachines::boot(lab::GuestOptions options) {
    std::unique_ptr<TwoMachines> two(new TwoMachines);
    auto cable = lab::make_cable();
    if (!cable) return std::unexpected(cable.error());
    two->cable_ = std::move(*cable);
    two->archive_ = fmt::format("/dev/shm/defib-two-machines-{}.tar", ::getpid());
    if (auto packed = pack(two->archive_); !packed) return std::unexpected(packed.error());
    const lab::Disk programs = {.megabytes = ARCHIVE_MEGABYTES, .content = two->archive_};
    auto remote = Guest::boot({.kernel = options.kernel,
                               .ram_megabytes = SMALL_MEGABYTES,
                               .disks = {programs},
                               .cable = two->cable_.second(),
                               .modules = MODULES});
    if (!remote) return std::unexpected(remote.error());
    two->remote_ = std::move(*remote);
    two->snapshot_ = fmt::format("/dev/shm/defib-two-machines-{}", ::getpid());
    if (auto copied = copy_memory(*two->remote_, two->snapshot_); !copied)
        return std::unexpected(copied.error());
    options.disks = {{.megabytes = SMALL_MEGABYTES, .content = two->snapshot_}, programs};
    options.ram_megabytes = 1536;
    options.cable = two->cable_.first();
    options.modules = MODULES;
    auto guarded = Guest::boot(std::move(options));
    if (!guarded) return std::unexpected(guarded.error());
    two->guarded_ = std::move(*guarded);
    if (auto copied = shell(*two->guarded_, "cat /dev/vda >/ram"); !copied)
        return std::unexpected(copied.error());
    if (auto brought = bring_rdma(*two->guarded_, "/dev/vdb", "10.77.0.1"); !brought)
        return std::unexpected(brought.error());
    if (auto brought = bring_rdma(*two->remote_, "/dev/vda", "10.77.0.2"); !brought)
        return std::unexpected(brought.error());
    return two;
}

TwoMachines::~TwoMachines() {
    std::error_code none;
    for (const auto& file : {snapshot_, archive_}) {
        if (!file.empty()) std::filesystem::remove(file, none);
    }
}

}  // namespace defib::remote
