// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The compressions that kernels and Debian packages come in, behind one pull interface: the caller
// asks for bytes and decides how many it wants to hold. A bomb can therefore cost no more memory
// than the caller allows, plus the window of the codec.
#ifndef DEFIB_LAYOUTS_ARTEFACT_DECOMPRESS_H
#define DEFIB_LAYOUTS_ARTEFACT_DECOMPRESS_H

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::layouts {

// Gives the unpacked bytes in order; 0 is the end. What follows the compressed stream is ignored:
// the kernel's build appends four bytes to a payload (size_append in scripts/Makefile.lib).
class Unpacker {
  public:
    virtual ~Unpacker() = default;
    virtual Result<size_t> read(std::span<std::byte> into) = 0;
};

// By magic number: gzip, zlib, xz, lzma, zstd, lz4 (legacy frame), bzip2. Nullptr: none of them.
Result<std::unique_ptr<Unpacker>> make_unpacker(Bytes packed, std::string_view object);

// As it is.
std::unique_ptr<Unpacker> make_copier(Bytes bytes);

// All of it, refused beyond `limit`. `expected` sizes the first allocation.
Result<std::vector<std::byte>> unpack_all(Bytes packed, std::string_view object, size_t limit,
                                          size_t expected);

}  // namespace defib::layouts

#endif
