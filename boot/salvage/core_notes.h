// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The notes of a process' core, as the kernel's own coredump has them (fs/binfmt_elf.c), and one of
// ours.
#ifndef DEFIB_BOOT_SALVAGE_CORE_NOTES_H
#define DEFIB_BOOT_SALVAGE_CORE_NOTES_H

#include <string>

#include "boot/salvage/process_image.h"

namespace defib::boot {

// Of our own note: a reader that knows another one refuses it.
inline constexpr uint32_t CORE_FORM = 2;

// `arguments` is the memory that holds the program's arguments, `ours` the text of our own note.
std::string core_notes(const ProcessImage& image, std::string_view arguments,
                       std::string_view ours);

// A thread is in a core where its registers are in memory.
bool is_in_core(const ImageThread& thread);

}  // namespace defib::boot

#endif
