// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The upper part: whose memory it is and whether it lives, the CPUs with their run queues, memory,
// load and pressure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "boot/console/draw.h"
#include "boot/session/record.h"

namespace defib::boot::console {
namespace {

constexpr double NS_A_SECOND = 1e9;
constexpr double FIXED_ONE = 2048;  // FIXED_1 of the kernel's load averages
constexpr uint64_t PAGES_A_MB = 256;

double fixed(uint64_t value) {
    return static_cast<double>(value) / FIXED_ONE;
}

// -- The title -----------------------------------------------------------------------------------

// Without its folders: a long path is known by its end.
std::string short_name(const std::string& target) {
    const size_t colon = target.find(':');
    const size_t slash = target.rfind('/');
    if (colon == std::string::npos || slash == std::string::npos) return target;
    return target.substr(0, colon + 1) + target.substr(slash + 1);
}

std::string up_text(uint64_t ns) {
    const auto seconds = static_cast<uint64_t>(static_cast<double>(ns) / NS_A_SECOND);
    const uint64_t days = seconds / 86400;
    const std::string day = days == 0 ? "" : fmt::format("{}d ", days);
    return fmt::format("up {}{}:{:02}:{:02}", day, seconds / 3600 % 24, seconds / 60 % 60,
                       seconds % 60);
}

struct Sign {
    std::string text;
    Style style;
};

Sign life_of(const Picture& picture, const View& view) {
    if (picture.life == Life::lost) return {"it is gone", Style::alarm};
    if (view.is_paused) return {"paused", Style::caution};
    constexpr double LONG_SILENT_S = 2;
    if (picture.silent_seconds >= LONG_SILENT_S) {
        return {fmt::format("no answer for {:.0f} s", picture.silent_seconds), Style::alarm};
    }
    if (picture.life == Life::dump) return {"a dump", Style::bar};
    if (picture.life == Life::still) {
        return {fmt::format("its clock stands still: {:.0f} s", picture.still_seconds),
                Style::alarm};
    }
    return {fmt::format("live, {:.0f} Hz", picture.hertz), Style::bar};
}

void draw_title(Grid& grid, const Picture& picture, const View& view) {
    grid.clear(0, 0, grid.columns(), Style::bar);
    const Sign life = life_of(picture, view);
    const int end = grid.columns() - width_of(life.text) - 3;
    const std::string rest = picture.release + "  " + up_text(picture.machine.uptime_ns);
    std::string text = fmt::format("defib  {}  {}", picture.target, rest);
    if (width_of(text) > end - 1) {
        text = fmt::format("defib  {}  {}", short_name(picture.target), rest);
    }
    grid.put_within(0, 1, end - 1, text, Style::bar);
    grid.put_right(0, grid.columns() - 1, life.text, life.style);
}

// -- The CPUs ------------------------------------------------------------------------------------

struct Part {
    double share;
    char sign;
    Style style;
};

void draw_bar(Grid& grid, int row, int column, int width, std::initializer_list<Part> parts) {
    grid.put(row, column, "[", Style::dim);
    grid.put(row, column + width - 1, "]", Style::dim);
    const int room = width - 2;
    int at = 0;
    double sum = 0;
    for (const Part& part : parts) {
        sum += part.share;
        const int end = std::clamp(static_cast<int>(std::lround(sum * room)), at, room);
        grid.put(row, column + 1 + at, std::string(static_cast<size_t>(end - at), part.sign),
                 part.style);
        at = end;
    }
}

// " 0 [||||||##      ]  63% q2  v-hog": what runs there, how much, how many want to.
void draw_cpu(Grid& grid, const CpuRow& cpu, int row, int column, int width) {
    const DefibCpuRecord& record = cpu.record;
    grid.put(row, column, fmt::format("{:>3}", record.cpu), Style::dim);
    const int bar = std::max(6, width - 28);
    const int behind = column + 4 + bar;
    if (cpu.is_silent) {
        draw_bar(grid, row, column + 4, bar, {});
        grid.put_within(row, column + 5, bar - 2, "no time counted", Style::alarm);
        grid.put(row, behind, "   ?", Style::alarm);
    } else {
        draw_bar(grid, row, column + 4, bar,
                 {{cpu.user, '|', Style::good}, {cpu.system, '#', Style::caution}});
        grid.put(row, behind, fmt::format("{:>3.0f}%", (cpu.user + cpu.system) * 100));
    }
    const Style queue = record.running > 4 ? Style::caution : Style::plain;
    grid.put(row, behind + 5, fmt::format("q{:<3}", record.running), queue);
    const std::string name = printable({record.comm, strnlen(record.comm, sizeof record.comm)});
    const std::string what = cpu.spins_for.empty() ? name : name + " SPINS";
    const Style style = !cpu.spins_for.empty() ? Style::alarm
                        : record.pid == 0      ? Style::dim
                                               : Style::plain;
    grid.put_within(row, behind + 10, column + width - behind - 11, what, style);
}

char tenth_of(const CpuRow& cpu) {
    if (cpu.is_silent) return '!';
    const double share = cpu.user + cpu.system;
    if (share >= 0.95) return '#';
    return share < 0.05 ? '.' : static_cast<char>('0' + std::min(9, static_cast<int>(share * 10)));
}

// A machine of many CPUs: a character for each, its tenths.
int draw_crowd(Grid& grid, const Picture& picture, int row, int most) {
    const int width = std::min(64, grid.columns() - 8);
    const auto all = static_cast<int>(picture.cpus.size());
    for (int first = 0; first < all && most > 0; first += width, row++, most--) {
        grid.put(row, 0, fmt::format("{:>4} [", first), Style::dim);
        for (int i = first; i < std::min(all, first + width); i++) {
            const CpuRow& cpu = picture.cpus[static_cast<size_t>(i)];
            const char sign = tenth_of(cpu);
            const bool is_odd = cpu.is_silent || !cpu.spins_for.empty();
            grid.put(row, 6 + i - first, std::string(1, sign),
                     is_odd        ? Style::alarm
                     : sign == '#' ? Style::caution
                                   : Style::good);
        }
        grid.put(row, 6 + std::min(width, all - first), "]", Style::dim);
    }
    return row;
}

int draw_cpus(Grid& grid, const Picture& picture, int row) {
    constexpr int LEAST_WIDTH = 38;
    const int most = std::max(1, grid.rows() / 6);
    const int across = std::max(1, grid.columns() / LEAST_WIDTH);
    const auto all = static_cast<int>(picture.cpus.size());
    if (all > most * across) return draw_crowd(grid, picture, row, most);
    const int in_use = std::clamp(all, 1, across);
    const int width = grid.columns() / in_use;
    for (int i = 0; i < all; i++) {
        draw_cpu(grid, picture.cpus[static_cast<size_t>(i)], row + i / in_use, i % in_use * width,
                 width);
    }
    return row + (all + in_use - 1) / in_use;
}

// -- Memory, load, pressure ----------------------------------------------------------------------

double part(uint64_t some, uint64_t all) {
    return all == 0 ? 0 : static_cast<double>(some) / static_cast<double>(all);
}

void draw_memory(Grid& grid, const DefibMachineRecord& machine, int row) {
    const int half = grid.columns() / 2;
    const auto one = [&](int column, int width, const char* name, std::string text,
                         std::initializer_list<Part> parts) {
        grid.put(row, column, name, Style::dim);
        const int bar = std::max(6, width - 6 - width_of(text));
        draw_bar(grid, row, column + 4, bar, parts);
        grid.put_within(row, column + 5 + bar, width - bar - 5, text);
    };
    const uint64_t all = machine.total_pages;
    const uint64_t held = machine.free_pages + machine.file_pages;
    const uint64_t used = all - std::min(held, all);
    const double share = part(used, all);
    const Style style = share > 0.95 ? Style::alarm : share > 0.85 ? Style::caution : Style::good;
    one(0, half, "mem", fmt::format("{}/{}M", used / PAGES_A_MB, all / PAGES_A_MB),
        {{share, '|', style}, {part(machine.file_pages, all), '.', Style::dim}});
    const uint64_t swap = machine.swap_total_pages;
    if (swap == 0) {
        grid.put(row, half, "no swap", Style::dim);
        return;
    }
    const uint64_t swapped = swap - std::min(machine.swap_free_pages, swap);
    one(half, grid.columns() - half, "swp",
        fmt::format("{}/{}M", swapped / PAGES_A_MB, swap / PAGES_A_MB),
        {{part(swapped, swap), '|', part(swapped, swap) > 0.8 ? Style::caution : Style::good}});
}

int put_pressure(Grid& grid, const DefibMachineRecord& machine, int row, int column) {
    constexpr const char* KINDS[] = {"cpu", "mem", "io"};
    constexpr size_t AVERAGES = 3;  // of 10, 60, 300 s; of each kind `some` and `full`
    column = grid.put(row, column, "PSI", Style::dim);
    for (size_t kind = 0; kind < std::size(KINDS); kind++) {
        const double some = fixed(machine.pressure[kind * 2 * AVERAGES]);
        const double full = fixed(machine.pressure[(kind * 2 + 1) * AVERAGES]);
        const Style style = full > 20 || some > 60 ? Style::alarm
                            : some > 10            ? Style::caution
                                                   : Style::plain;
        column = grid.put(row, column + 1, KINDS[kind], Style::dim);
        column = grid.put(row, column + 1, fmt::format("{:.0f}/{:.0f}%", some, full), style);
    }
    return column;
}

void draw_load(Grid& grid, const DefibMachineRecord& machine, int row) {
    int column = grid.put(row, 0, "load ", Style::dim);
    column = grid.put(row, column,
                      fmt::format("{:.2f} {:.2f} {:.2f}", fixed(machine.load[0]),
                                  fixed(machine.load[1]), fixed(machine.load[2])));
    column = grid.put(row, column + 2, "threads ", Style::dim);
    column = grid.put(row, column, fmt::format("{}", machine.threads));
    column = put_pressure(grid, machine, row, column + 2);
    if (machine.oom_kills != 0) {
        column = grid.put(row, column + 2, fmt::format("OOM kills {}", machine.oom_kills),
                          Style::caution);
    }
    constexpr double LONG_S = 1;
    const double age = static_cast<double>(machine.rcu_age_ns) / NS_A_SECOND;
    const bool is_begun = (machine.rcu_sequence & 3) != 0;  // RCU_SEQ_STATE_MASK
    if (is_begun && age > LONG_S) {
        grid.put(row, column + 2, fmt::format("RCU waits {:.0f} s", age), Style::caution);
    }
}

}  // namespace

int draw_head(Grid& grid, const Picture& picture, const View& view) {
    draw_title(grid, picture, view);
    if (view.is_zoomed) return 1;
    int row = draw_cpus(grid, picture, 1);
    draw_memory(grid, picture.machine, row++);
    draw_load(grid, picture.machine, row++);
    for (const std::string& trouble : picture.troubles) {
        if (row > grid.rows() / 2) break;
        grid.put(row++, 0, trouble, Style::caution);
    }
    return row;
}

}  // namespace defib::boot::console
