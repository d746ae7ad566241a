// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_CPIO_H
#define DEFIB_TESTS_LAB_CPIO_H

#include <cstdint>
#include <string>
#include <string_view>

namespace defib::lab {

// Writes the archive that Linux unpacks as its initramfs: cpio in the "newc" format
// (Documentation/driver-api/early-userspace/buffer-format.rst). Everything in it belongs to root
// and has no time, so that the same content is the same archive.
class CpioWriter {
  public:
    // Names have no leading slash; a folder comes before what it holds.
    void add_folder(std::string_view name);
    void add_file(std::string_view name, std::string_view content, uint32_t permissions);
    void add_device(std::string_view name, uint32_t major, uint32_t minor);

    // The archive; nothing can be added any more.
    std::string finish() &&;

  private:
    struct Entry {
        std::string_view name;
        std::string_view content;
        uint32_t mode = 0;
        uint32_t major = 0;
        uint32_t minor = 0;
    };
    void add(const Entry& entry);

    std::string archive_;
    uint32_t next_inode_ = 1;
};

}  // namespace defib::lab

#endif
