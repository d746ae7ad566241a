// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/needs.h"

#include "boot/find/witness.h"

namespace defib::boot {

void want_to_find(layouts::Wanted& wanted) {
    wanted.symbols.insert({"linux_banner", "__start_BTF", "__stop_BTF", "init_task"});
    wanted.structs["task_struct"].insert({"comm", "pid", "tasks"});
    wanted.symbols.insert("vmemmap_base");
    wanted.structs["page"];  // its size
    wanted.symbols.insert("vmcoreinfo_note");
    want_witnesses(wanted);
}

}  // namespace defib::boot
