// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The walks of lists.h.
#include "engine/kernel/lists.h"

// manifest: "path": "task_struct.tasks"
// manifest: "path": "task_struct.pid_links"
VIEW(it, SUMMARY("x"))(kp<task_struct> init, kp<hlist_head> head, kp<llist_head> lazy) {
    u64 sum = 0;
    for (auto task : list_of(task_struct, tasks, &init->tasks)) sum += task->jobctl;
    for (auto node = head->first; node != nullptr; node = node->next)
        sum += container_of_element(node, task_struct, pid_links, hlist_node, 1)->jobctl;
    return sum + (lazy->first != nullptr ? 1 : 0);
}
