// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A screen as characters and what they mean. Everything is drawn here first, so that a test can
// read it; only terminal.cpp knows what a terminal is.
#ifndef DEFIB_BOOT_CONSOLE_GRID_H
#define DEFIB_BOOT_CONSOLE_GRID_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace defib::boot::console {

// What a character means, not how it looks: that is the terminal's affair.
enum class Style : uint8_t { plain, dim, strong, bar, good, caution, alarm, selected };

struct Cell {
    char32_t character = U' ';
    Style style = Style::plain;

    bool operator==(const Cell&) const = default;
};

class Grid {
  public:
    Grid(int rows, int columns);

    int rows() const { return rows_; }
    int columns() const { return columns_; }

    // Text from there on, cut off at the edge; what is outside is left out. Gives the column behind
    // it. A character that is not one column wide everywhere is shown as '?'.
    int put(int row, int column, std::string_view text, Style style = Style::plain);
    // The same, within `width` columns.
    int put_within(int row, int column, int width, std::string_view text,
                   Style style = Style::plain);
    // So that it ends before `end`, or is cut off there.
    void put_right(int row, int end, std::string_view text, Style style = Style::plain);
    // Blanks.
    void clear(int row, int from, int to, Style style = Style::plain);
    // What stands there gets another meaning.
    void restyle(int row, int from, int to, Style style);

    const Cell& at(int row, int column) const;
    // For tests: without the blanks at its end.
    std::string line(int row) const;

  private:
    Cell* cell(int row, int column);

    int rows_;
    int columns_;
    std::vector<Cell> cells_;
};

// How many columns it takes.
int width_of(std::string_view text);

}  // namespace defib::boot::console

#endif
