// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a dump goes: a file, in which what is left out becomes a hole, or a stream, which gets
// zeros there.
#ifndef DEFIB_BOOT_SALVAGE_SINK_H
#define DEFIB_BOOT_SALVAGE_SINK_H

#include <filesystem>
#include <memory>

#include "boot/salvage/elf_head.h"

namespace defib::boot {

class Sink {
  public:
    virtual ~Sink() = default;
    // Offsets only grow, but for the head's progress.
    virtual Result<void> put(uint64_t offset, Bytes bytes) = 0;
    virtual Result<void> mark(uint64_t progress_at, const DumpProgress& progress) = 0;
    // All is there: `size` bytes.
    virtual Result<void> finish(uint64_t size) = 0;

    // Where to go on; 0 for a new dump.
    uint64_t done() const { return done_; }

  protected:
    uint64_t done_ = 0;
};

// What is in the sink afterwards is the head: a new one, or that of the unfinished dump that is
// gone on with.
struct OpenedSink {
    std::unique_ptr<Sink> sink;
    ElfHead head;
};

Result<OpenedSink> open_file_sink(const std::filesystem::path& output, const Kernel& kernel,
                                  ElfHead head, uint32_t level, bool resumes);
Result<OpenedSink> open_stream_sink(int fd, ElfHead head);

}  // namespace defib::boot

#endif
