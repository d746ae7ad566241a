// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/draw.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace defib::boot::console {
namespace {

using Heights = std::array<int, PANES>;

constexpr int LEAST_ROWS = 5;
constexpr int LEAST_COLUMNS = 30;

// How the rows are shared out. Each list may have a fifth of them, the one in focus whatever the
// others leave; where that is too little to read, the others keep their titles, and then not even
// these.
Heights share(const Picture& picture, const View& view, int rows) {
    constexpr int LEAST_IN_FOCUS = 5;
    const auto in_focus = static_cast<size_t>(view.focus);
    Heights heights{};
    const int most = std::max(3, rows / 5);
    for (size_t i = 0; i < heights.size(); i++) {
        heights[i] = std::min(height_of(picture, view, static_cast<Pane>(i)), most);
    }
    if (view.is_zoomed) heights.fill(0);
    const auto others = [&] {
        return std::accumulate(heights.begin(), heights.end(), 0) - heights[in_focus];
    };
    for (const int most_of_others : {1, 0}) {
        if (rows - others() >= LEAST_IN_FOCUS) break;
        for (int& height : heights) height = std::min(height, most_of_others);
    }
    heights[in_focus] = rows - others();
    // What the list in focus does not need, the others get: the processes first.
    const int wanted = std::max(1, height_of(picture, view, view.focus));
    int left = heights[in_focus] - wanted;
    if (left <= 0 || view.is_zoomed) return heights;
    heights[in_focus] = wanted;
    for (const Pane pane : {Pane::tasks, Pane::log, Pane::waits, Pane::findings}) {
        int& height = heights[static_cast<size_t>(pane)];
        const int more = std::clamp(height_of(picture, view, pane) - height, 0, left);
        height += more;
        left -= more;
    }
    heights[in_focus] += left;
    return heights;
}

}  // namespace

Grid draw(const Picture& picture, const View& view, int rows, int columns) {
    Grid grid(rows, columns);
    if (rows < LEAST_ROWS || columns < LEAST_COLUMNS) {
        grid.put(0, 0, "defib: too small", Style::caution);
        return grid;
    }
    int row = draw_head(grid, picture, view);
    const Heights heights = share(picture, view, rows - row - 1);
    for (size_t i = 0; i < heights.size(); i++) {
        draw_pane(grid, picture, view, static_cast<Pane>(i), row, heights[i]);
        row += heights[i];
    }
    draw_keys(grid, view);
    draw_dialog(grid, picture, view);
    return grid;
}

int page_of(const Picture& picture, const View& view, int rows, int columns) {
    Grid grid(rows, columns);
    const int head = draw_head(grid, picture, view);
    const Heights heights = share(picture, view, rows - head - 1);
    return std::max(
        1, heights[static_cast<size_t>(view.focus)] - headings_of(picture, view, view.focus));
}

}  // namespace defib::boot::console
