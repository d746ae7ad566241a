// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: a picture of a small machine in trouble, and a screen as text.
#ifndef DEFIB_BOOT_CONSOLE_TESTING_H
#define DEFIB_BOOT_CONSOLE_TESTING_H

#include <cstring>
#include <string>

#include "boot/console/grid.h"
#include "boot/console/picture.h"

namespace defib::boot::console {

inline CpuRow a_cpu(uint32_t number, double user, double system, const std::string& name) {
    CpuRow row;
    row.record.cpu = number;
    row.record.running = number + 1;
    row.record.pid = name.starts_with("swapper") ? 0 : 4711;
    std::strncpy(row.record.comm, name.c_str(), sizeof row.record.comm - 1);
    row.user = user;
    row.system = system;
    return row;
}

inline TaskRow a_task(int32_t pid, const std::string& name, double share, uint64_t rss_pages) {
    TaskRow row;
    row.process.data.pid = pid;
    row.process.data.tgid = pid;
    row.process.data.ppid = 1;
    row.process.data.threads = 1;
    row.process.data.mm = rss_pages == 0 ? 0 : 1;
    row.process.data.rss_pages = rss_pages;
    row.process.data.start_ns = 1000000000;
    row.process.state = share > 0 ? 'R' : 'S';
    row.process.name = name;
    row.process.cgroup = "/";
    row.process.times.runtime_ns = static_cast<uint64_t>(pid) * 1000000000;
    row.share = share;
    return row;
}

inline Picture a_picture() {
    Picture picture;
    picture.target = "vm:/dev/shm/defib-lab/ram";
    picture.release = "6.12.0";
    picture.hertz = 10;
    picture.machine.uptime_ns = 3723'000000000;
    picture.machine.total_pages = 256000;
    picture.machine.free_pages = 64000;
    picture.machine.file_pages = 64000;
    picture.machine.load[0] = 3072;  // 1.50
    picture.machine.threads = 77;
    picture.machine.pressure[6] = uint64_t{25} * 2048;  // memory, some
    picture.cpus = {a_cpu(0, 0.5, 0.25, "v-hog"), a_cpu(1, 0, 0, "swapper/1")};
    picture.tasks = {a_task(1, "agent", 0, 300), a_task(2, "kthreadd", 0, 0),
                     a_task(4711, "v-hog", 0.75, 100000), a_task(4712, "v-read", 0, 200)};
    picture.tasks[3].process.waits_for = "mutex held by 4711 v-hog";
    picture.tasks[3].process.state = 'D';
    picture.waits = {{.pid = 4712,
                      .process = 4712,
                      .state = 'D',
                      .name = "v-read",
                      .waits_for = "mutex",
                      .holder = "4711 v-hog",
                      .seconds = 12}};
    picture.log = {{1000000000, 6, "first"}, {2500000000, 3, "BUG: bad"}};
    picture.findings = {{"     1.000 s  #1   FOUND lock_blocked", Weight::finding}};
    picture.findings_from = "detectors";
    return picture;
}

// The row that holds the text, and where; row -1: none does.
struct Place {
    int row = -1;
    int column = -1;
};
inline Place place_of(const Grid& grid, const std::string& text) {
    for (int row = 0; row < grid.rows(); row++) {
        const size_t column = grid.line(row).find(text);
        if (column != std::string::npos) return {row, static_cast<int>(column)};
    }
    return {};
}

inline std::string text_of(const Grid& grid) {
    std::string text;
    for (int row = 0; row < grid.rows(); row++) text += grid.line(row) + "\n";
    return text;
}

}  // namespace defib::boot::console

#endif
