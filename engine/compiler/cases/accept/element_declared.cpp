// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One declared with its index brackets.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(signal_struct.shared_pending.signal.sig[]))
(kp<signal_struct> signal) {
    signal->shared_pending.signal.sig[1] = 0;
}
