// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/view.h"

#include <algorithm>
#include <sstream>
#include <tuple>

namespace defib::boot::console {
namespace {

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

bool contains(const std::string& text, const std::string& wanted) {
    return lower(text).contains(wanted);
}

bool is_before(const TaskRow& a, const TaskRow& b, Sort sort) {
    const DefibProcessRecord& left = a.process.data;
    const DefibProcessRecord& right = b.process.data;
    switch (sort) {
        case Sort::cpu:
            return std::tuple(-a.share, left.pid) < std::tuple(-b.share, right.pid);
        case Sort::memory:
            return std::pair(right.rss_pages, left.pid) < std::pair(left.rss_pages, right.pid);
        case Sort::time:
            return std::pair(b.process.times.runtime_ns, left.pid) <
                   std::pair(a.process.times.runtime_ns, right.pid);
        case Sort::name:
            return std::pair(a.process.name, left.pid) < std::pair(b.process.name, right.pid);
        case Sort::pid:
            break;
    }
    return left.pid < right.pid;
}

bool has_choice(const View& view) {
    return view.focus == Pane::tasks || view.focus == Pane::waits;
}

std::vector<int32_t> pids_of(const Picture& picture, const View& view) {
    std::vector<int32_t> pids;
    if (view.focus == Pane::waits) {
        for (const WaitRow* row : waits_of(picture, view)) pids.push_back(row->pid);
    } else {
        for (const TaskRow* row : tasks_of(picture, view)) pids.push_back(row->process.data.pid);
    }
    return pids;
}

void choose(View& view, const Picture& picture, int row) {
    const auto pids = pids_of(picture, view);
    if (pids.empty()) return;
    view.chosen_row = std::clamp(row, 0, static_cast<int>(pids.size()) - 1);
    view.chosen_pid = pids[static_cast<size_t>(view.chosen_row)];
}

// By so many rows: down is positive.
void move(View& view, const Picture& picture, int rows) {
    if (has_choice(view)) return choose(view, picture, chosen_row(picture, view) + rows);
    const size_t all =
        view.focus == Pane::log ? log_of(picture, view).size() : findings_of(picture, view).size();
    view.back = std::clamp(view.back - rows, 0, std::max(0, static_cast<int>(all) - 1));
}

void move_to_end(View& view, const Picture& picture, int direction) {
    constexpr int FAR = 1 << 28;
    // The first row is whoever comes first, now and later.
    if (direction < 0 && has_choice(view)) {
        view.chosen_pid = 0;
        view.chosen_row = 0;
        return;
    }
    move(view, picture, direction * FAR);
}

void focus(View& view, int by) {
    view.focus = static_cast<Pane>((static_cast<int>(view.focus) + by + PANES) % PANES);
    view.chosen_pid = 0;
    view.chosen_row = 0;
    view.back = 0;
}

void begin_words(View& view, const Picture& picture, std::string start) {
    const int32_t pid = chosen_process(picture, view);
    const size_t place = start.find("%d");
    if (place != std::string::npos) {
        start.replace(place, 2, pid == 0 ? std::string() : std::to_string(pid));
    }
    view.typed = std::move(start);
    view.mode = Mode::words;
}

Wish press_to_watch(View& view, char c, const Picture& picture) {
    switch (c) {
        case 'q':
            return Wish::quit;
        case '/':
            view.typed = view.filter;
            view.mode = Mode::filter;
            break;
        case 's':
            view.sort = static_cast<Sort>((static_cast<int>(view.sort) + 1) % SORTS);
            break;
        case 'r':
            view.is_reversed = !view.is_reversed;
            break;
        case 'z':
            view.is_zoomed = !view.is_zoomed;
            break;
        case ' ':
        case 'p':
            view.is_paused = !view.is_paused;
            break;
        case 'a':
            view.mode = Mode::repairs;
            break;
        case 'k':
            if (chosen_process(picture, view) == 0) break;
            begin_words(view, picture, "signal %d signal=KILL");
            return Wish::plan;
        case 'h':
        case '?':
            view.told_from = 0;
            view.mode = Mode::help;
            break;
        default:
            break;
    }
    return Wish::nothing;
}

Wish press_in_lists(View& view, const Key& key, const Picture& picture, int page) {
    using Name = Key::Name;
    switch (key.name) {
        case Name::character:
            return press_to_watch(view, key.character, picture);
        case Name::up:
            move(view, picture, -1);
            break;
        case Name::down:
            move(view, picture, 1);
            break;
        case Name::page_up:
            move(view, picture, -std::max(1, page));
            break;
        case Name::page_down:
            move(view, picture, std::max(1, page));
            break;
        case Name::home:
            move_to_end(view, picture, -1);
            break;
        case Name::end:
            move_to_end(view, picture, 1);
            break;
        case Name::tab:
            focus(view, 1);
            break;
        case Name::back_tab:
            focus(view, -1);
            break;
        case Name::escape:
            view.filter.clear();
            break;
        case Name::enter:
            // What is inspected stays the same process.
            view.chosen_pid = chosen_pid(picture, view);
            view.told_from = 0;
            if (view.chosen_pid != 0) view.mode = Mode::inspect;
            break;
        case Name::backspace:
            break;
    }
    return Wish::nothing;
}

// True: the key was a part of the text.
bool press_in_text(std::string& text, const Key& key) {
    constexpr size_t MOST = 200;
    if (key.name == Key::Name::backspace) {
        if (!text.empty()) text.pop_back();
        return true;
    }
    if (key.name != Key::Name::character) return false;
    if (key.character >= ' ' && key.character < 0x7f && text.size() < MOST) text += key.character;
    return true;
}

Wish press_in_filter(View& view, const Key& key) {
    if (key.name == Key::Name::escape) {
        view.filter.clear();
        view.mode = Mode::watch;
    } else if (key.name == Key::Name::enter) {
        view.mode = Mode::watch;
    } else if (press_in_text(view.typed, key)) {
        view.filter = view.typed;  // seen while it is typed
    }
    return Wish::nothing;
}

Wish press_in_repairs(View& view, const Key& key, const Picture& picture) {
    const int last = static_cast<int>(view.repairs.size()) - 1;
    if (key.name == Key::Name::up) view.chosen_repair = std::max(0, view.chosen_repair - 1);
    if (key.name == Key::Name::down) view.chosen_repair = std::min(last, view.chosen_repair + 1);
    if (key.name == Key::Name::escape || key.character == 'q') view.mode = Mode::watch;
    if (key.name != Key::Name::enter || last < 0) return Wish::nothing;
    const RepairRow& repair = view.repairs[static_cast<size_t>(view.chosen_repair)];
    if (repair.why_off.empty()) begin_words(view, picture, repair.start);
    return Wish::nothing;
}

Wish press_in_words(View& view, const Key& key) {
    if (key.name == Key::Name::escape) view.mode = Mode::watch;
    if (key.name == Key::Name::enter && !words_in(view.typed).empty()) return Wish::plan;
    press_in_text(view.typed, key);
    return Wish::nothing;
}

bool press_to_scroll(View& view, const Key& key) {
    constexpr size_t OF_OTHERS = 20;  // help, a process
    const int last = static_cast<int>(std::max(view.told.lines.size(), OF_OTHERS));
    if (key.name == Key::Name::up) view.told_from = std::max(0, view.told_from - 1);
    if (key.name == Key::Name::down) view.told_from = std::min(last, view.told_from + 1);
    return key.name == Key::Name::up || key.name == Key::Name::down;
}

// Nothing but y is a yes.
Wish press_in_plan(View& view, const Key& key) {
    if (press_to_scroll(view, key)) return Wish::nothing;
    if (key.name == Key::Name::character && key.character == 'y' && view.told.is_well) {
        return Wish::act;
    }
    view.mode = view.told.is_to_retype ? Mode::words : Mode::watch;
    return Wish::nothing;
}

}  // namespace

std::vector<const TaskRow*> tasks_of(const Picture& picture, const View& view) {
    const std::string wanted = lower(view.filter);
    std::vector<const TaskRow*> rows;
    for (const TaskRow& row : picture.tasks) {
        const Process& one = row.process;
        const bool is_wanted = wanted.empty() || contains(one.name, wanted) ||
                               contains(one.cgroup, wanted) || contains(one.waits_for, wanted) ||
                               std::to_string(one.data.pid) == wanted;
        if (is_wanted) rows.push_back(&row);
    }
    std::ranges::sort(rows, [&](const TaskRow* a, const TaskRow* b) {
        return view.is_reversed ? is_before(*b, *a, view.sort) : is_before(*a, *b, view.sort);
    });
    return rows;
}

std::vector<const WaitRow*> waits_of(const Picture& picture, const View& view) {
    const std::string wanted = lower(view.filter);
    std::vector<const WaitRow*> rows;
    for (const WaitRow& row : picture.waits) {
        const bool is_wanted = wanted.empty() || contains(row.name, wanted) ||
                               contains(row.waits_for, wanted) || contains(row.holder, wanted) ||
                               std::to_string(row.pid) == wanted;
        if (is_wanted) rows.push_back(&row);
    }
    return rows;
}

namespace {

template <class Row>
std::vector<const Row*> rows_with_text(const std::vector<Row>& rows, const std::string& filter) {
    const std::string wanted = lower(filter);
    std::vector<const Row*> found;
    for (const Row& row : rows) {
        if (wanted.empty() || contains(row.text, wanted)) found.push_back(&row);
    }
    return found;
}

}  // namespace

std::vector<const LogRow*> log_of(const Picture& picture, const View& view) {
    return rows_with_text(picture.log, view.focus == Pane::log ? view.filter : "");
}

std::vector<const FindingRow*> findings_of(const Picture& picture, const View& view) {
    return rows_with_text(picture.findings, view.focus == Pane::findings ? view.filter : "");
}

int chosen_row(const Picture& picture, const View& view) {
    if (!has_choice(view)) return -1;
    const auto pids = pids_of(picture, view);
    if (pids.empty()) return -1;
    const auto found = std::ranges::find(pids, view.chosen_pid);
    if (view.chosen_pid != 0 && found != pids.end()) {
        return static_cast<int>(found - pids.begin());
    }
    return std::clamp(view.chosen_row, 0, static_cast<int>(pids.size()) - 1);
}

int32_t chosen_pid(const Picture& picture, const View& view) {
    const int row = chosen_row(picture, view);
    return row < 0 ? 0 : pids_of(picture, view)[static_cast<size_t>(row)];
}

int32_t chosen_process(const Picture& picture, const View& view) {
    const int32_t pid = view.mode == Mode::inspect ? view.chosen_pid : chosen_pid(picture, view);
    const auto wait = std::ranges::find(picture.waits, pid, &WaitRow::pid);
    return wait == picture.waits.end() ? pid : wait->process;
}

const TaskRow* chosen_task(const Picture& picture, const View& view) {
    const int32_t process = chosen_process(picture, view);
    const auto found = std::ranges::find_if(
        picture.tasks, [&](const TaskRow& row) { return row.process.data.pid == process; });
    return found == picture.tasks.end() ? nullptr : &*found;
}

const char* word_of(Sort sort) {
    switch (sort) {
        case Sort::cpu:
            return "CPU";
        case Sort::memory:
            return "memory";
        case Sort::time:
            return "time";
        case Sort::name:
            return "name";
        case Sort::pid:
            break;
    }
    return "PID";
}

std::vector<std::string> words_in(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

Wish press(View& view, const Key& key, const Picture& picture, int page) {
    constexpr char CONTROL_C = 3;
    if (key.name == Key::Name::character && key.character == CONTROL_C) return Wish::quit;
    switch (view.mode) {
        case Mode::watch:
            return press_in_lists(view, key, picture, page);
        case Mode::filter:
            return press_in_filter(view, key);
        case Mode::repairs:
            return press_in_repairs(view, key, picture);
        case Mode::words:
            return press_in_words(view, key);
        case Mode::plan:
            return press_in_plan(view, key);
        case Mode::inspect:
            if (key.name == Key::Name::character &&
                (key.character == 'k' || key.character == 'a')) {
                return press_to_watch(view, key.character, picture);
            }
            [[fallthrough]];
        case Mode::result:
        case Mode::help:
            if (!press_to_scroll(view, key)) view.mode = Mode::watch;
            return Wish::nothing;
    }
    return Wish::nothing;
}

}  // namespace defib::boot::console
