// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The screen: what the machine as a whole does, four lists one below the other, a line of keys; and
// over them what a person is asked. A list that is empty takes one line, the one in focus takes
// what is left, so that 24 lines are enough.
#ifndef DEFIB_BOOT_CONSOLE_DRAW_H
#define DEFIB_BOOT_CONSOLE_DRAW_H

#include "boot/console/grid.h"
#include "boot/console/picture.h"
#include "boot/console/view.h"

namespace defib::boot::console {

Grid draw(const Picture& picture, const View& view, int rows, int columns);

// How many rows of the list in focus are seen: what a page is.
int page_of(const Picture& picture, const View& view, int rows, int columns);

// --- the parts

// From row 0 on; gives the row behind it.
int draw_head(Grid& grid, const Picture& picture, const View& view);

// From `row` on, with its title, in no more than `height` rows.
void draw_pane(Grid& grid, const Picture& picture, const View& view, Pane pane, int row,
               int height);
// With its title, all of it.
int height_of(const Picture& picture, const View& view, Pane pane);
// Of these the ones that are not its own rows.
int headings_of(const Picture& picture, const View& view, Pane pane);

// The last row, and what lies over the lists.
void draw_keys(Grid& grid, const View& view);
void draw_dialog(Grid& grid, const Picture& picture, const View& view);

// "1:02.34", "412M"
std::string time_text(uint64_t ns);
std::string size_text(uint64_t pages);

}  // namespace defib::boot::console

#endif
