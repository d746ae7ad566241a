// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/initramfs.h"

#include <fmt/format.h>

#include "engine/base/file.h"
#include "tests/lab/agent_image.h"
#include "tests/lab/cpio.h"
#include "tests/lab/modules.h"

namespace defib::lab {

Result<std::string> make_initramfs(const Kernel& kernel, const std::vector<std::string>& modules) {
    // Debian's busybox-static installs here; the dynamic one, at the same place, cannot run alone.
    constexpr const char* BUSYBOX = "/bin/busybox";
    auto busybox = MappedFile::open(BUSYBOX);
    if (!busybox || as_text(busybox->bytes()).contains("/ld-linux")) {
        return fail(DEFIB_ERROR_BASE_TOOL_MISSING, BUSYBOX, "no static busybox",
                    "apt-get install busybox-static");
    }
    auto loaded = collect_modules(kernel.modules(), modules);
    if (!loaded) return std::unexpected(loaded.error());
    CpioWriter archive;
    for (const char* folder : {"bin", "dev", "proc", "sys", "tmp", "modules"}) {
        archive.add_folder(folder);
    }
    // Until devtmpfs is there: the kernel opens it for process 1's standard output.
    archive.add_device("dev/console", 5, 1);
    archive.add_file("agent", as_text(agent_image()), 0755);
    archive.add_file("bin/busybox", as_text(busybox->bytes()), 0755);
    for (size_t i = 0; i < loaded->size(); ++i) {
        const Module& module = (*loaded)[i];
        archive.add_file(fmt::format("modules/{:02}-{}.ko", i, module.name), module.content, 0644);
    }
    return std::move(archive).finish();
}

}  // namespace defib::lab
