// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A saved process as the images that `criu restore` takes (CRIU 3.17): a folder of files, each of a
// magic number and of messages with their lengths before them; and the pages, one after the other.
//
// Rejected: CRIU's own descriptions (.proto) and a generator. They would be a copy of somebody
// else's text, and of some 1100 fields these images have a tenth.
#ifndef DEFIB_BOOT_RESTART_CRIU_IMAGES_H
#define DEFIB_BOOT_RESTART_CRIU_IMAGES_H

#include <filesystem>
#include <functional>
#include <map>

#include "boot/restart/criu/message.h"
#include "boot/restart/findings.h"

namespace defib::boot::criu {

// How much a file may have changed until CRIU opens it again.
enum class Changed { refused, allowed };

// What will not be as it was; what is worst first.
std::vector<Finding> find_all(const SavedProcess& process);

// The folder is there when it is whole, and must not be there before.
Result<void> write_images(const SavedProcess& process, const std::filesystem::path& folder,
                          Changed changed);

// --- the parts

// Files by their numbers in the images; a process' descriptors, mappings and folders refer to them.
class FileTable {
  public:
    explicit FileTable(Changed changed) : changed_(changed) {}

    struct File {
        std::string path;
        uint64_t flags = 0;  // of open()
        uint64_t offset = 0;
        uint64_t bytes = 0;
        bool is_measured = false;  // its size is known
    };
    uint32_t add(const File& file);
    // One that is opened for nobody but a mapping: the same again is the same file.
    uint32_t add_mapped(const File& file);
    const std::vector<Message>& entries() const { return entries_; }

  private:
    Changed changed_;
    std::vector<Message> entries_;
    std::map<std::pair<std::string, uint64_t>, uint32_t> mapped_;
};

// Whether it has one in the images; else its number stays free.
enum class FileIs { reopened, standard, left_out };
FileIs file_is(const SavedProcess& process, const SavedDescriptor& file);
std::vector<Message> descriptors_of(const SavedProcess& process, FileTable& files);

// What a mapping is there.
enum class Mapped { nothing, memory, file, kernels_code, kernels_data };
Mapped mapped(const SavedProcess& process, const SavedMapping& mapping);
Message memory_of(const SavedProcess& process, FileTable& files);
// Runs of whole pages that belong into the images.
void for_each_run(const SavedProcess& process,
                  const std::function<void(uint64_t address, Bytes pages)>& take);

// Registers that the images have no place for.
uint64_t registers_left_out(const SavedThread& thread);
Message core_of(const SavedProcess& process, const SavedThread& thread);

}  // namespace defib::boot::criu

#endif
