// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What lies over the lists: one process, the repairs, a plan with its question, the keys. And the
// last row, which says what a key does now.
#include <fmt/format.h>

#include <algorithm>

#include "boot/console/draw.h"

namespace defib::boot::console {
namespace {

constexpr double NS_A_SECOND = 1e9;

struct Line {
    std::string text;
    Style style = Style::plain;
};

// -- A box ---------------------------------------------------------------------------------------

// In the middle, as wide as its longest line. `chosen` is a line that must be seen and stands out;
// what does not fit below `from` is counted.
void draw_box(Grid& grid, const std::string& title, const std::vector<Line>& lines, int from,
              int chosen = -1) {
    int width = width_of(title) + 4;
    for (const Line& line : lines) width = std::max(width, width_of(line.text));
    width = std::min(width + 4, grid.columns());
    const auto all = static_cast<int>(lines.size());
    const int room = std::max(1, grid.rows() - 4);
    const int height = std::min(all, room);
    if (chosen >= 0) from = std::max(0, chosen - height + 1);
    from = std::clamp(from, 0, all - height);
    const int top = std::max(1, (grid.rows() - height - 2) / 2);
    const int left = (grid.columns() - width) / 2;
    const std::string rule = "+" + std::string(static_cast<size_t>(width - 2), '-') + "+";
    grid.put(top, left, rule, Style::dim);
    grid.put_within(top, left + 2, width - 4, " " + title + " ", Style::strong);
    for (int i = 0; i < height; i++) {
        const int row = top + 1 + i;
        const Line& line = lines[static_cast<size_t>(from + i)];
        grid.clear(row, left, left + width);
        grid.put(row, left, "|", Style::dim);
        grid.put_within(row, left + 2, width - 4, line.text, line.style);
        grid.put(row, left + width - 1, "|", Style::dim);
        if (from + i == chosen) grid.restyle(row, left + 1, left + width - 1, Style::selected);
    }
    grid.put(top + height + 1, left, rule, Style::dim);
    if (height == all) return;
    grid.put_right(top + height + 1, left + width - 2,
                   fmt::format(" {} to {} of {} ", from + 1, from + height, all), Style::dim);
}

// -- One process ---------------------------------------------------------------------------------

const char* state_word(char state) {
    switch (state) {
        case 'R':
            return "runs, or wants to";
        case 'S':
            return "sleeps";
        case 'D':
            return "sleeps, and no signal wakes it";
        case 'T':
            return "stopped";
        case 't':
            return "stopped by a debugger";
        case 'Z':
            return "has ended, its parent has not asked";
        case 'X':
            return "has ended";
        case 'I':
            return "a kernel thread without work";
        case 'P':
            return "parked";
        default:
            return "not known";
    }
}

std::vector<Line> lines_of(const TaskRow& task, const WaitRow* wait) {
    const Process& one = task.process;
    const DefibProcessRecord& data = one.data;
    const auto seconds = [](uint64_t ns) { return static_cast<double>(ns) / NS_A_SECOND; };
    const auto row = [](const char* name, std::string text, Style style = Style::plain) {
        return Line{fmt::format("{:<11} {}", name, text), style};
    };
    std::vector<Line> lines = {
        row("state", fmt::format("{}  {}", one.state, state_word(one.state))),
        row("parent", fmt::format("{}", data.ppid)),
        row("user", fmt::format("{}", data.uid)),
        row("threads", fmt::format("{}", data.threads)),
        row("CPU", fmt::format("{}, {:.1f}% of one{}", data.cpu, task.share * 100,
                               data.on_cpu != 0 ? ", runs now" : "")),
        row("time", fmt::format("{} user, {} system", time_text(one.times.user_ns),
                                time_text(one.times.system_ns))),
        row("memory", data.mm == 0 ? "a kernel thread: none of its own"
                                   : size_text(data.rss_pages) + " resident"),
        row("started", fmt::format("{:.2f} s after boot", seconds(data.start_ns))),
        row("switches", fmt::format("{}", data.switches)),
        row("priority", fmt::format("{}, policy {}", data.prio, data.policy)),
        row("OOM adjust", fmt::format("{}", data.oom_score_adj)),
        row("cgroup", one.cgroup),
    };
    if (!one.waits_for.empty()) lines.push_back(row("waits for", one.waits_for, Style::caution));
    if (wait != nullptr) {
        lines.push_back(row("blocked", fmt::format("for {:.0f} s or longer", wait->seconds)));
        if (wait->is_in_ring) lines.push_back(row("", "in a ring: a deadlock", Style::alarm));
    }
    lines.push_back(row("task", fmt::format("{:#x}", data.task), Style::dim));
    return lines;
}

void draw_process(Grid& grid, const Picture& picture, const View& view) {
    const TaskRow* task = chosen_task(picture, view);
    if (task == nullptr) {
        const std::string title = fmt::format("{}", view.chosen_pid);
        return draw_box(grid, title, {{"it has ended", Style::dim}}, 0);
    }
    const auto wait = std::ranges::find(picture.waits, view.chosen_pid, &WaitRow::pid);
    const std::string title = fmt::format("{} {}", task->process.data.pid, task->process.name);
    draw_box(grid, title, lines_of(*task, wait == picture.waits.end() ? nullptr : &*wait),
             view.told_from);
}

// -- Repairs -------------------------------------------------------------------------------------

void draw_repairs(Grid& grid, const View& view) {
    std::vector<Line> lines;
    for (const RepairRow& repair : view.repairs) {
        const bool is_on = repair.why_off.empty();
        lines.push_back({fmt::format("{:<18} {}", repair.name,
                                     is_on ? repair.summary : "off: " + repair.why_off),
                         is_on ? Style::plain : Style::dim});
    }
    draw_box(grid, "Which repair?", lines, 0, view.chosen_repair);
}

void draw_told(Grid& grid, const View& view) {
    // First, so that it is seen however many stores there are.
    std::vector<Line> lines = {
        {view.told.verdict, view.told.is_well ? Style::strong : Style::alarm}};
    for (const std::string& line : view.told.lines) lines.push_back({line});
    draw_box(grid, view.told.heading, lines, view.told_from);
}

void draw_help(Grid& grid, const View& view) {
    static const std::vector<Line> LINES = {
        {"Tab       the next list: findings, processes, blocked, kernel log"},
        {"arrows    choose a row, or go back in findings and log; Home: follow again"},
        {"z         the list in focus on the whole screen, and back"},
        {"s, r      sort by the next column; the other way round"},
        {"/         only what contains a text (log, findings: in focus); Esc: all again"},
        {"Enter     one process, whole"},
        {"k         SIGKILL to the chosen process: the plan first, then y"},
        {"a         another repair: choose it, complete its words, the plan, then y"},
        {"p, space  hold the picture, and go on"},
        {"q         leave"},
        {""},
        {"CPU       | user, # system and interrupts; qN: so many want to run there"},
        {"PSI       share of the last 10 s in which some / all had to wait"},
        {"Nothing is written to the target before a y.", Style::strong},
    };
    draw_box(grid, "Keys", LINES, view.told_from);
}

// -- The last row --------------------------------------------------------------------------------

void draw_input(Grid& grid, const char* question, const std::string& typed, const char* help) {
    const int row = grid.rows() - 1;
    const int column = grid.put(row, 0, question, Style::strong);
    const int room = std::max(1, grid.columns() - column - 2);
    const size_t cut =
        typed.size() > static_cast<size_t>(room) ? typed.size() - static_cast<size_t>(room) : 0;
    const int end = grid.put(row, column, typed.substr(cut));
    grid.put(row, end, " ", Style::selected);
    if (end + 3 + width_of(help) < grid.columns()) {
        grid.put_right(row, grid.columns() - 1, help, Style::dim);
    }
}

struct KeyWord {
    const char* key;
    const char* word;
};

// As many as fit, so the likeliest first.
void draw_words(Grid& grid, std::initializer_list<KeyWord> words) {
    int column = 0;
    for (const KeyWord& one : words) {
        const int width = width_of(one.key) + width_of(one.word) + 3;
        if (column + width - 2 > grid.columns()) return;
        column = grid.put(grid.rows() - 1, column, one.key, Style::strong);
        column = grid.put(grid.rows() - 1, column + 1, one.word, Style::dim) + 2;
    }
}

}  // namespace

void draw_keys(Grid& grid, const View& view) {
    grid.clear(grid.rows() - 1, 0, grid.columns());
    switch (view.mode) {
        case Mode::watch:
            return draw_words(grid, {{"q", "quit"},
                                     {"h", "help"},
                                     {"Tab", "list"},
                                     {"z", "zoom"},
                                     {"/", "filter"},
                                     {"s", "sort"},
                                     {"Enter", "inspect"},
                                     {"k", "kill"},
                                     {"a", "act"},
                                     {"p", "pause"},
                                     {"r", "reverse"}});
        case Mode::filter:
            return draw_input(grid, "only: ", view.typed, "Enter keep  Esc all");
        case Mode::words:
            return draw_input(grid, "act ", view.typed, "Enter plan  Esc leave");
        case Mode::plan:
            if (view.told.is_well) {
                return draw_words(grid, {{"y", "carry it out"}, {"any other key", "leave it"}});
            }
            return draw_words(grid, {{"any key", "go back"}});
        case Mode::repairs:
            return draw_words(grid, {{"Enter", "take it"}, {"Esc", "leave"}});
        case Mode::inspect:
            return draw_words(grid, {{"k", "kill"}, {"a", "act"}, {"any other key", "go back"}});
        case Mode::result:
        case Mode::help:
            return draw_words(grid, {{"any key", "go back"}});
    }
}

void draw_dialog(Grid& grid, const Picture& picture, const View& view) {
    switch (view.mode) {
        case Mode::inspect:
            return draw_process(grid, picture, view);
        case Mode::repairs:
            return draw_repairs(grid, view);
        case Mode::plan:
        case Mode::result:
            return draw_told(grid, view);
        case Mode::help:
            return draw_help(grid, view);
        case Mode::watch:
        case Mode::filter:
        case Mode::words:
            return;
    }
}

}  // namespace defib::boot::console
