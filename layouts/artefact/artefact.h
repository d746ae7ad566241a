// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From any kernel artefact to its types, its symbols and its name.
//
// A reader is one file and one line in the table of artefact.cpp. It is chosen by the content of
// the input, never by its name, and may hand on what it unpacked (a package holds a bzImage, which
// holds an ELF, which holds BTF). Whatever a reader unpacks lives in `Artefact::memory`, because
// the type graph's strings are views into it.
#ifndef DEFIB_LAYOUTS_ARTEFACT_ARTEFACT_H
#define DEFIB_LAYOUTS_ARTEFACT_ARTEFACT_H

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "layouts/artefact/symbols.h"
#include "layouts/layout.h"
#include "layouts/type_graph.h"

namespace defib::layouts {

struct Artefact {
    KernelIdentity kernel;
    TypeGraph types;
    SymbolMap symbols;
    Bytes btf;  // the raw BTF that `types` were read from; empty where they came from DWARF
    std::vector<std::shared_ptr<const void>> memory;  // what the views of `types` look into
};

enum class TypeSource : uint8_t { any, btf, dwarf };

struct ReadOptions {
    std::filesystem::path base;          // vmlinux BTF, for the split BTF of a module
    TypeSource types = TypeSource::any;  // any: BTF where there is one
    unsigned threads = 0;                // 0: one for each CPU; changes the time, never the result
};

// What a reader is given. `path` is empty where the bytes were unpacked from something else.
struct Input {
    std::string object;  // for messages: "linux-image.deb: boot/vmlinuz-6.1"
    std::filesystem::path path;
    Bytes bytes;
};

Result<Artefact> read_artefact(const std::filesystem::path& path, const ReadOptions& options);
Result<Artefact> read_artefact(const Input& input, const ReadOptions& options);

// One of the table's rows; `recognises` looks at the first bytes only.
struct ArtefactReader {
    const char* what;  // for messages
    bool (*recognises)(Bytes head);
    Result<Artefact> (*read)(const Input& input, const ReadOptions& options);
};

}  // namespace defib::layouts

#endif
