// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A mapped file that becomes shorter takes its pages along: a guest that ends, or an editor, and
// the next read is SIGBUS. No check before the read can help, for the file may go at any time; so
// the program ends with one line and status 4 (the environment cannot), not with a core dump.
//
// A signal's handler belongs to the process: programs call this at their start, and nobody else.
#ifndef DEFIB_ENGINE_BASE_LOST_MAPPING_H
#define DEFIB_ENGINE_BASE_LOST_MAPPING_H

namespace defib {

// `program` is what its messages start with, and lives as long as the program.
void end_cleanly_on_lost_mapping(const char* program);

// What is to be done just before that: whoever has changed the terminal puts it back. It runs in
// the signal's handler, and may do only what is safe there. Null: nothing any more.
void before_lost_mapping_ends(void (*restore)());

}  // namespace defib

#endif
