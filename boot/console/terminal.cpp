// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <string>

#include "boot/console/terminfo.h"
#include "engine/base/command.h"
#include "engine/base/lost_mapping.h"

// Its macros have the names of ordinary functions.
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>

namespace defib::boot::console {
namespace {

// -- When the program must end in a signal's handler ---------------------------------------------

// Made beforehand: a handler may do next to nothing, and ncurses is not for handlers.
termios modes_before;
std::string goodbye;

void give_back_at_once() {
    [[maybe_unused]] const ssize_t said = write(STDOUT_FILENO, goodbye.data(), goodbye.size());
    tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
}

void prepare_goodbye() {
    tcgetattr(STDIN_FILENO, &modes_before);
    goodbye.clear();
    for (const char* name : {"sgr0", "cnorm", "rmcup"}) {
        if (const char* text = terminfo_string(name)) goodbye += text;
    }
}

// -- What the styles look like -------------------------------------------------------------------

enum Colour : short { GOOD = 1, CAUTION, ALARM, DIM };
bool has_colours = false;
bool has_grey = false;

attr_t look_of(Style style) {
    const auto coloured = [](Colour colour, attr_t more, attr_t without) {
        return has_colours ? static_cast<attr_t>(COLOR_PAIR(colour)) | more : without;
    };
    switch (style) {
        case Style::plain:
            return A_NORMAL;
        case Style::dim:
            return has_grey ? coloured(DIM, 0, A_NORMAL) : A_NORMAL;
        case Style::strong:
            return A_BOLD;
        case Style::bar:
        case Style::selected:
            return A_REVERSE;
        case Style::good:
            return coloured(GOOD, 0, A_NORMAL);
        case Style::caution:
            return coloured(CAUTION, 0, A_BOLD);
        case Style::alarm:
            return coloured(ALARM, A_BOLD, A_BOLD | A_UNDERLINE);
    }
    return A_NORMAL;
}

// -- Keys ----------------------------------------------------------------------------------------

std::optional<Key> key_of(int code) {
    using Name = Key::Name;
    constexpr int INTERRUPT = 3;
    constexpr int ESCAPE = 27;
    constexpr int DELETE = 127;
    switch (code) {
        case KEY_UP:
            return Key{Name::up};
        case KEY_DOWN:
            return Key{Name::down};
        case KEY_PPAGE:
            return Key{Name::page_up};
        case KEY_NPAGE:
            return Key{Name::page_down};
        case KEY_HOME:
            return Key{Name::home};
        case KEY_END:
            return Key{Name::end};
        case KEY_ENTER:
        case '\r':
        case '\n':
            return Key{Name::enter};
        case ESCAPE:
            return Key{Name::escape};
        case '\t':
            return Key{Name::tab};
        case KEY_BTAB:
            return Key{Name::back_tab};
        case KEY_BACKSPACE:
        case '\b':
        case DELETE:
            return Key{Name::backspace};
        case INTERRUPT:
            return Key{Name::character, static_cast<char>(INTERRUPT)};
        default:
            if (code < ' ' || code > '~') return std::nullopt;
            return Key{Name::character, static_cast<char>(code)};
    }
}

std::unexpected<Error> no_terminal(const char* why) {
    const char* name = std::getenv("TERM");
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, "the terminal",
                std::string(why) + ": TERM is " + (name == nullptr ? "not set" : name),
                "set TERM to what it is, vt100 for a serial line");
}

}  // namespace

Result<void> has_terminal() {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, "the console", "this is not a terminal",
                    "defib ps, stat, log and locks print the same");
    }
    const KnownTerminal known = known_terminal();
    if (known == KnownTerminal::no) return no_terminal("it is not known");
    if (known == KnownTerminal::cannot_move) return no_terminal("it cannot move its cursor");
    return {};
}

Result<std::unique_ptr<Terminal>> Terminal::open() {
    std::unique_ptr<Terminal> terminal(new Terminal);
    if (auto taken = terminal->take(); !taken) return std::unexpected(taken.error());
    return terminal;
}

Result<void> Terminal::take() {
    std::setlocale(LC_CTYPE, "");
    sigset_t ends;
    sigemptyset(&ends);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, number);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    signals_.reset(signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    SCREEN* screen = newterm(nullptr, stdout, stdin);
    if (screen == nullptr) return no_terminal("it is not known");
    screen_ = screen;
    prepare_goodbye();
    before_lost_mapping_ends(give_back_at_once);
    raw();  // Ctrl-C is a key, so that a repair is never interrupted half-way
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    curs_set(0);
    choose_colours();
    return {};
}

void Terminal::choose_colours() {
    constexpr short GREY = 8;
    has_colours = wants_colour(STDOUT_FILENO) && has_colors();
    if (!has_colours) return;
    start_color();
    use_default_colors();
    init_pair(GOOD, COLOR_GREEN, -1);
    init_pair(CAUTION, COLOR_YELLOW, -1);
    init_pair(ALARM, COLOR_RED, -1);
    has_grey = COLORS > GREY;
    if (has_grey) init_pair(DIM, GREY, -1);
}

Terminal::~Terminal() {
    if (screen_ == nullptr) return;
    before_lost_mapping_ends(nullptr);
    endwin();
    delscreen(static_cast<SCREEN*>(screen_));
}

int Terminal::rows() const {
    return LINES;
}
int Terminal::columns() const {
    return COLS;
}

bool Terminal::is_slow() const {
    constexpr int FAST = 38400;  // also what a terminal says that has no speed
    return baudrate() > 0 && baudrate() < FAST;
}

void Terminal::show(const Grid& grid) {
    const bool has_letters = MB_CUR_MAX > 1;
    erase();
    for (int row = 0; row < grid.rows(); row++) {
        for (int column = 0; column < grid.columns(); column++) {
            const Cell& cell = grid.at(row, column);
            if (cell == Cell{}) continue;
            const bool can_be_shown = cell.character < 0x80 || has_letters;
            const wchar_t text[] = {can_be_shown ? static_cast<wchar_t>(cell.character) : L'?', 0};
            attrset(static_cast<int>(look_of(cell.style)));
            mvaddnwstr(row, column, text, 1);
        }
    }
    attrset(A_NORMAL);
    refresh();
}

Terminal::Event Terminal::wait(int ms, Key& key) {
    // Keys that have come already are kept by ncurses, where poll() does not see them.
    int code = getch();
    if (code == ERR) {
        pollfd both[] = {{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
        const int ready = poll(both, 2, ms);
        if (ready > 0 && both[1].revents != 0) return Event::gone;
        if (ready > 0 && (both[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
            return Event::gone;
        }
        code = getch();
        if (code == ERR) return Event::nothing;
    }
    if (code == KEY_RESIZE) return Event::resized;
    const auto known = key_of(code);
    if (!known) return Event::nothing;
    key = *known;
    return Event::key;
}

}  // namespace defib::boot::console
