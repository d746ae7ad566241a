// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// dump_guest KERNEL COUNT FILE: a guest with so many sleeping processes, as QEMU dumps its memory.
// The same bytes then go to whoever is to be compared.
#include <cstdio>
#include <string>

#include "tests/look/guest_says.h"

namespace {

using namespace defib;

Result<void> dump(const std::string& kernel, const std::string& count, const std::string& file) {
    auto guest = lab::Guest::boot(
        {.kernel = kernel, .ram_megabytes = 1024, .tells_dump = true, .modules = {"qemu_fw_cfg"}});
    if (!guest) return std::unexpected(guest.error());
    if (auto done = look::bring_witness(*guest); !done) return done;
    const auto crowd = look::start_witness(*guest, {"crowd", count}, "all are there");
    if (!crowd) return std::unexpected(crowd.error());
    const auto dumped =
        guest->qmp("dump-guest-memory", {{"paging", false}, {"protocol", "file:" + file}},
                   std::chrono::milliseconds(300'000));
    if (!dumped) return std::unexpected(dumped.error());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: dump_guest KERNEL COUNT FILE\n");
        return DEFIB_EXIT_USAGE;
    }
    const auto done = dump(argv[1], argv[2], argv[3]);
    if (done) return DEFIB_EXIT_DONE;
    std::fprintf(stderr, "dump_guest: %s\n", to_line(done.error()).c_str());
    return exit_status(done.error().code);
}
