// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/grid.h"

#include <algorithm>
#include <limits>

namespace defib::boot::console {
namespace {

constexpr int NO_LIMIT = std::numeric_limits<int>::max();

// Letters of alphabets whose every character takes one column on any terminal. The rest (wide,
// combined or written from the right) would shift what stands behind it.
bool is_narrow(char32_t c) {
    return (c >= 0x20 && c < 0x7f) || (c >= 0xa1 && c < 0x300 && c != 0xad) ||
           (c >= 0x370 && c < 0x483) || (c >= 0x48a && c < 0x530);
}

// The next character of UTF-8; a byte that begins none counts for one.
char32_t take(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const size_t length = first < 0xc2   ? 1
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 1;
    char32_t c = length == 1 ? first : first & (0x7fU >> length);
    size_t taken = 1;
    for (; taken < std::min(length, text.size()); taken++) {
        const auto next = static_cast<unsigned char>(text[taken]);
        if ((next & 0xc0) != 0x80) break;
        c = c << 6 | (next & 0x3f);
    }
    text.remove_prefix(taken);
    if (c == U'\t') return U' ';
    const bool is_whole = taken == length && (length > 1 || first < 0x80);
    return is_whole && is_narrow(c) ? c : U'?';
}

void append(std::string& text, char32_t c) {
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else {  // none of is_narrow() needs more than two bytes
        text += static_cast<char>(0xc0 | c >> 6);
        text += static_cast<char>(0x80 | (c & 0x3f));
    }
}

}  // namespace

int width_of(std::string_view text) {
    int width = 0;
    for (; !text.empty(); width++) take(text);
    return width;
}

Grid::Grid(int rows, int columns)
    : rows_(std::max(rows, 0)),
      columns_(std::max(columns, 0)),
      cells_(static_cast<size_t>(rows_) * static_cast<size_t>(columns_)) {}

Cell* Grid::cell(int row, int column) {
    if (row < 0 || row >= rows_ || column < 0 || column >= columns_) return nullptr;
    return &cells_[static_cast<size_t>(row) * static_cast<size_t>(columns_) +
                   static_cast<size_t>(column)];
}

const Cell& Grid::at(int row, int column) const {
    static constexpr Cell NOTHING;
    const Cell* found = const_cast<Grid*>(this)->cell(row, column);
    return found == nullptr ? NOTHING : *found;
}

int Grid::put(int row, int column, std::string_view text, Style style) {
    return put_within(row, column, NO_LIMIT, text, style);
}

int Grid::put_within(int row, int column, int width, std::string_view text, Style style) {
    for (; !text.empty() && width > 0; width--, column++) {
        const char32_t character = take(text);
        if (Cell* there = cell(row, column)) *there = {character, style};
    }
    return column;
}

void Grid::put_right(int row, int end, std::string_view text, Style style) {
    const int from = std::max(0, end - width_of(text));
    put_within(row, from, end - from, text, style);
}

void Grid::clear(int row, int from, int to, Style style) {
    for (int column = from; column < std::min(to, columns_); column++) {
        if (Cell* there = cell(row, column)) *there = {U' ', style};
    }
}

void Grid::restyle(int row, int from, int to, Style style) {
    for (int column = from; column < std::min(to, columns_); column++) {
        if (Cell* there = cell(row, column)) there->style = style;
    }
}

std::string Grid::line(int row) const {
    std::string text;
    for (int column = 0; column < columns_; column++) append(text, at(row, column).character);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace defib::boot::console
