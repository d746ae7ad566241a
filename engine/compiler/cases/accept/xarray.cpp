// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A walk of an xarray, and a look-up.
#include "engine/kernel/xarray.h"

// manifest: "path": "xa_node.slots"
VIEW(it, SUMMARY("x"))(kp<pid_namespace> space, u64 number) {
    u64 count = 0;
    for (auto found : xarray_of(pid, &space->idr.idr_rt)) count += found != nullptr ? 1 : 0;
    return count + (xarray_at<pid>(&space->idr.idr_rt, number) != nullptr ? 1 : 0);
}
