// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// BTF, the type format that a kernel carries of itself (Documentation/bpf/btf.rst).
//
// Our own reader, because nothing at hand fits: LLVM's refuses a raw blob, libbpf's takes four
// times as long and brings a loader of BPF programs with it. Input is not trusted: it may be a
// damaged dump or made to hurt. Every offset and count is checked before it is used, what the
// reader allocates is bounded by a small multiple of the input, and the graph that comes out is
// valid (type_graph.h).
#ifndef DEFIB_LAYOUTS_BTF_H
#define DEFIB_LAYOUTS_BTF_H

#include <string_view>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "layouts/type_graph.h"

namespace defib::layouts {

// Whether the bytes begin as BTF does, of either byte order.
bool looks_like_btf(Bytes blob);

// `object` is the file's name, for errors. The graph's names are views into `blob`.
Result<TypeGraph> read_btf(Bytes blob, std::string_view object);

// A module's BTF continues its kernel's: type ids and name offsets go on where the base's end. The
// graph holds both.
Result<TypeGraph> read_split_btf(Bytes base, Bytes split, std::string_view object);

}  // namespace defib::layouts

#endif
