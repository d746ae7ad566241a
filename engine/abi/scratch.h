// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What boot and routines agree on about scratch memory: its first word says that what lies in it is
// ours, so that a later session knows it again.
#ifndef DEFIB_ENGINE_ABI_SCRATCH_H
#define DEFIB_ENGINE_ABI_SCRATCH_H

#define DEFIB_SCRATCH_MARK 0x3174617262696664ull  // "dfibrat1"
#define DEFIB_SCRATCH_SIZE 3840u

#endif
