// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The four lists. Each row is drawn by a function of its own; which rows are seen is decided in one
// place.
#include <fmt/format.h>

#include <algorithm>

#include "boot/console/draw.h"

namespace defib::boot::console {
namespace {

constexpr uint64_t NS_A_SECOND = 1000000000;
constexpr uint64_t NS_A_MICROSECOND = 1000;

bool is_focus(const View& view, Pane pane) {
    return view.focus == pane;
}

size_t rows_of(const Picture& picture, const View& view, Pane pane) {
    switch (pane) {
        case Pane::findings:
            return findings_of(picture, view).size();
        case Pane::tasks:
            return tasks_of(picture, view).size();
        case Pane::waits:
            return waits_of(picture, view).size();
        case Pane::log:
            return log_of(picture, view).size();
    }
    return 0;
}

// -- Titles --------------------------------------------------------------------------------------

std::string filter_text(const View& view) {
    return view.filter.empty() ? "" : fmt::format(", only \"{}\"", view.filter);
}

std::string title_of(const Picture& picture, const View& view, Pane pane) {
    const size_t count = rows_of(picture, view, pane);
    const std::string filter = is_focus(view, pane) ? filter_text(view) : "";
    switch (pane) {
        case Pane::findings:
            return fmt::format("Findings of {}{}{}", picture.findings_from,
                               count == 0 ? ": none" : "", filter);
        case Pane::tasks:
            return fmt::format("Processes {}, by {}{}{}", count, view.is_reversed ? "-" : "",
                               word_of(view.sort), filter_text(view));
        case Pane::waits:
            return count == 0 ? "Blocked: nobody" + filter_text(view)
                              : fmt::format("Blocked {}{}", count, filter_text(view));
        case Pane::log:
            return (count == 0 ? "Kernel log: empty" : "Kernel log") + filter;
    }
    return {};
}

void draw_title(Grid& grid, const Picture& picture, const View& view, Pane pane, int row) {
    const bool is_chosen = is_focus(view, pane);
    const Style style = is_chosen ? Style::strong : Style::dim;
    const char line = is_chosen ? '=' : '-';
    grid.put(row, 0, std::string(static_cast<size_t>(grid.columns()), line), Style::dim);
    std::string title = title_of(picture, view, pane);
    const bool is_back = is_chosen && view.back > 0;
    if (is_back) title += fmt::format(", {} rows back", view.back);
    grid.put(row, 2, " " + title + " ", style);
}

// -- Rows ----------------------------------------------------------------------------------------

// Where the columns of a process begin; a narrow screen goes without three of them.
struct Columns {
    int cpu;
    int share;
    int size;
    int time;
    int threads;
    int name;
    int waits;
};

Columns columns_of(const Grid& grid) {
    constexpr int WIDE = 68;
    if (grid.columns() >= WIDE) return {10, 14, 21, 28, 39, 43, 60};
    return {-1, 10, 17, -1, -1, 24, 41};
}

// Right-aligned within its width; a column that this screen does not have is left out.
void put_number(Grid& grid, int row, int column, int width, std::string_view text, Style style) {
    if (column >= 0) grid.put_right(row, column + width, text, style);
}

void draw_task_heading(Grid& grid, int row) {
    const Columns columns = columns_of(grid);
    grid.put(row, 4, "PID S", Style::dim);
    put_number(grid, row, columns.cpu, 3, "CPU", Style::dim);
    put_number(grid, row, columns.share, 6, "%CPU", Style::dim);
    put_number(grid, row, columns.size, 6, "RSS", Style::dim);
    put_number(grid, row, columns.time, 10, "TIME", Style::dim);
    put_number(grid, row, columns.threads, 3, "THR", Style::dim);
    grid.put(row, columns.name, "NAME", Style::dim);
    grid.put(row, columns.waits, "CGROUP, or WAITS FOR", Style::dim);
}

Style state_style(char state) {
    return state == 'R'   ? Style::good
           : state == 'D' ? Style::caution
           : state == 'Z' ? Style::dim
                          : Style::plain;
}

void draw_task(Grid& grid, const TaskRow& task, int row) {
    const Columns columns = columns_of(grid);
    const Process& process = task.process;
    const DefibProcessRecord& data = process.data;
    const bool is_kernel_thread = data.mm == 0;
    put_number(grid, row, 0, 7, fmt::format("{}", data.pid), Style::plain);
    grid.put(row, 8, std::string(1, process.state), state_style(process.state));
    put_number(grid, row, columns.cpu, 3, fmt::format("{}", data.cpu), Style::dim);
    put_number(grid, row, columns.share, 6, fmt::format("{:.1f}", task.share * 100),
               task.share > 0.5 ? Style::strong : Style::plain);
    put_number(grid, row, columns.size, 6, is_kernel_thread ? "" : size_text(data.rss_pages),
               Style::plain);
    put_number(grid, row, columns.time, 10, time_text(process.times.runtime_ns), Style::plain);
    put_number(grid, row, columns.threads, 3, fmt::format("{}", data.threads), Style::dim);
    // Kernel threads are there, but seldom what one looks for.
    grid.put_within(row, columns.name, 16, process.name,
                    is_kernel_thread ? Style::dim : Style::plain);
    const bool is_blocked = !process.waits_for.empty();
    grid.put(row, columns.waits, is_blocked ? process.waits_for : process.cgroup,
             is_blocked ? Style::caution : Style::dim);
}

void draw_wait(Grid& grid, const WaitRow& wait, int row) {
    std::string text = wait.waits_for == "unknown" ? "blocked, unknown by what" : wait.waits_for;
    if (!wait.holder.empty()) text += " held by " + wait.holder;
    if (wait.lock != 0) text += fmt::format(", {:#x}", wait.lock);
    grid.put(row, 0, fmt::format("{:>7}", wait.pid));
    grid.put(row, 8, std::string(1, wait.state), state_style(wait.state));
    grid.put(row, 10, fmt::format("{:>6.0f} s", wait.seconds),
             wait.seconds >= 10 ? Style::caution : Style::plain);
    grid.put_within(row, 20, 16, wait.name);
    const int column = wait.is_in_ring ? grid.put(row, 37, "DEADLOCK ", Style::alarm) : 37;
    grid.put(row, column, text);
}

void draw_log(Grid& grid, const LogRow& log, int row) {
    const int column = grid.put(row, 0,
                                fmt::format("[{:5}.{:06}] ", log.time_ns / NS_A_SECOND,
                                            log.time_ns % NS_A_SECOND / NS_A_MICROSECOND),
                                Style::dim);
    const Style style = log.level <= 3   ? Style::alarm
                        : log.level <= 4 ? Style::caution
                                         : Style::plain;
    grid.put(row, column, log.text, style);
}

void draw_finding(Grid& grid, const FindingRow& finding, int row) {
    const Style style = finding.weight == Weight::finding  ? Style::alarm
                        : finding.weight == Weight::change ? Style::strong
                                                           : Style::plain;
    grid.put(row, 0, finding.text, style);
}

// -- Which of them -------------------------------------------------------------------------------

// The first of `shown` rows so that the chosen one is among them.
size_t first_of(int chosen, size_t all, size_t shown) {
    if (chosen < 0 || all <= shown) return 0;
    const auto place = static_cast<size_t>(chosen);
    return std::min(place < shown ? 0 : place - shown + 1, all - shown);
}

template <class Row, class Draw>
void draw_chosen(Grid& grid, const std::vector<const Row*>& all, int chosen, int row, int height,
                 const Draw& draw_row) {
    const size_t shown = std::min(all.size(), static_cast<size_t>(std::max(0, height)));
    const size_t first = first_of(chosen, all.size(), static_cast<size_t>(std::max(0, height)));
    for (size_t i = 0; i < shown; i++) {
        const int at = row + static_cast<int>(i);
        draw_row(grid, *all[first + i], at);
        if (static_cast<int>(first + i) == chosen) {
            grid.restyle(at, 0, grid.columns(), Style::selected);
        }
    }
}

// The newest at the end.
template <class Row, class Draw>
void draw_newest(Grid& grid, const std::vector<const Row*>& all, int back, int row, int height,
                 const Draw& draw_row) {
    const size_t hidden = std::min(static_cast<size_t>(back), all.size());
    const size_t end = std::max(all.size() - hidden,
                                std::min(all.size(), static_cast<size_t>(std::max(0, height))));
    const size_t shown = std::min(end, static_cast<size_t>(std::max(0, height)));
    for (size_t i = 0; i < shown; i++) {
        draw_row(grid, *all[end - shown + i], row + static_cast<int>(i));
    }
}

}  // namespace

std::string time_text(uint64_t ns) {
    const uint64_t centiseconds = ns / (NS_A_SECOND / 100);
    return fmt::format("{}:{:02}.{:02}", centiseconds / 6000, centiseconds / 100 % 60,
                       centiseconds % 100);
}

std::string size_text(uint64_t pages) {
    const uint64_t kib = pages * 4;
    if (kib >= uint64_t{10} << 20) return fmt::format("{}G", kib >> 20);
    if (kib >= uint64_t{10} << 10) return fmt::format("{}M", kib >> 10);
    return fmt::format("{}K", kib);
}

int headings_of(const Picture& picture, const View& view, Pane pane) {
    return pane == Pane::tasks && rows_of(picture, view, pane) != 0 ? 2 : 1;
}

int height_of(const Picture& picture, const View& view, Pane pane) {
    return static_cast<int>(std::min<size_t>(rows_of(picture, view, pane), 1 << 20)) +
           headings_of(picture, view, pane);
}

void draw_pane(Grid& grid, const Picture& picture, const View& view, Pane pane, int row,
               int height) {
    if (height <= 0) return;
    draw_title(grid, picture, view, pane, row);
    if (height == 1) return;
    const int chosen = is_focus(view, pane) ? chosen_row(picture, view) : -1;
    const int back = is_focus(view, pane) ? view.back : 0;
    const int headings = headings_of(picture, view, pane);
    switch (pane) {
        case Pane::findings:
            return draw_newest(grid, findings_of(picture, view), back, row + 1, height - 1,
                               draw_finding);
        case Pane::log:
            return draw_newest(grid, log_of(picture, view), back, row + 1, height - 1, draw_log);
        case Pane::waits:
            return draw_chosen(grid, waits_of(picture, view), chosen, row + 1, height - 1,
                               draw_wait);
        case Pane::tasks:
            if (headings > 1) draw_task_heading(grid, row + 1);
            return draw_chosen(grid, tasks_of(picture, view), chosen, row + headings,
                               height - headings, draw_task);
    }
}

}  // namespace defib::boot::console
