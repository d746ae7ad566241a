// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the person has chosen to see, and what a key changes of it.
#ifndef DEFIB_BOOT_CONSOLE_VIEW_H
#define DEFIB_BOOT_CONSOLE_VIEW_H

#include <string>
#include <vector>

#include "boot/console/picture.h"

namespace defib::boot::console {

enum class Pane : uint8_t { findings, tasks, waits, log };
inline constexpr int PANES = 4;

enum class Sort : uint8_t { cpu, memory, time, pid, name };
inline constexpr int SORTS = 5;

enum class Mode : uint8_t {
    watch,
    filter,   // a filter is typed
    inspect,  // one process, whole
    repairs,  // which one?
    words,    // its words are typed
    plan,     // shown, and to be confirmed
    result,   // what it came to
    help,
};

// A repair that this kernel can be given, for the list.
struct RepairRow {
    std::string name;
    std::string summary;
    std::string start;    // what is typed of it beforehand; %d is the chosen process
    std::string why_off;  // empty: it is on
};

// A plan or a result, line by line; of a plan whether it may be carried out.
struct Told {
    std::string heading = {};
    std::vector<std::string> lines = {};
    std::string verdict = {};
    bool is_well = false;
    bool is_to_retype = false;  // the words were wrong
};

struct View {
    Mode mode = Mode::watch;
    Pane focus = Pane::tasks;
    bool is_zoomed = false;
    bool is_paused = false;
    Sort sort = Sort::cpu;
    bool is_reversed = false;
    std::string filter;
    std::string typed;  // of mode filter or words

    // The chosen process stays chosen wherever it moves to; 0: whoever is in that row.
    int32_t chosen_pid = 0;
    int chosen_row = 0;
    int back = 0;  // of findings and log: rows back from the newest

    std::vector<RepairRow> repairs;
    int chosen_repair = 0;
    Told told;
    int told_from = 0;  // first line that is shown
};

struct Key {
    enum class Name : uint8_t {
        character,
        up,
        down,
        page_up,
        page_down,
        home,
        end,
        enter,
        escape,
        tab,
        back_tab,
        backspace,
    };
    Name name = Name::character;
    char character = 0;
};

// What is left to whoever has the target.
enum class Wish : uint8_t { nothing, quit, plan, act };

// `page` is how many rows of the list are seen at once.
Wish press(View& view, const Key& key, const Picture& picture, int page);

// What the lists show, in their order.
std::vector<const TaskRow*> tasks_of(const Picture& picture, const View& view);
std::vector<const WaitRow*> waits_of(const Picture& picture, const View& view);
// These two are filtered in focus only: what is sought among processes hides no message.
std::vector<const LogRow*> log_of(const Picture& picture, const View& view);
std::vector<const FindingRow*> findings_of(const Picture& picture, const View& view);

// Where the choice is by now; -1 where the list is empty.
int chosen_row(const Picture& picture, const View& view);
// Its pid; 0: there is none.
int32_t chosen_pid(const Picture& picture, const View& view);
// The process that it is, or a thread of.
int32_t chosen_process(const Picture& picture, const View& view);
const TaskRow* chosen_task(const Picture& picture, const View& view);

const char* word_of(Sort sort);
std::vector<std::string> words_in(const std::string& text);

}  // namespace defib::boot::console

#endif
