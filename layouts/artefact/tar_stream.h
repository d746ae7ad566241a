// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A tar archive as it comes out of an unpacker: read once, in order, holding one header at a time.
#ifndef DEFIB_LAYOUTS_ARTEFACT_TAR_STREAM_H
#define DEFIB_LAYOUTS_ARTEFACT_TAR_STREAM_H

#include <string>
#include <vector>

#include "layouts/artefact/decompress.h"

namespace defib::layouts {

struct TarEntry {
    std::string name;  // without a leading "./"
    char type = '0';   // '0' regular file, '5' folder, '2' link ...; '\0' at the end of the archive
    uint64_t size = 0;
};

class TarStream {
  public:
    TarStream(Unpacker& source, std::string_view object) : source_(source), object_(object) {}

    // Skips what is left of the current entry.
    Result<TarEntry> next();

    // The content of the current entry, refused beyond `limit`.
    Result<std::vector<std::byte>> content(uint64_t limit);

  private:
    Result<void> fill(std::span<std::byte> into);
    Result<void> skip(uint64_t length);
    Result<std::string> long_name(uint64_t size);

    Unpacker& source_;
    std::string object_;
    uint64_t content_left_ = 0;
    uint64_t padding_left_ = 0;
};

}  // namespace defib::layouts

#endif
