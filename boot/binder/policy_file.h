// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy's table as an image's part policy (image/FORMAT.md), compiled for one binding, so that a
// start compiles none. It carries the digests of the source, the manifest and the binding that it
// was made from, and is taken for no others.
//
// A binding leaves one thing open until a kernel is found: whether scratch memory was found in it.
// The table is made as if it were; what_is_off() says where this kernel cannot serve it, and the
// source then has to be compiled here.
#ifndef DEFIB_BOOT_BINDER_POLICY_FILE_H
#define DEFIB_BOOT_BINDER_POLICY_FILE_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boot/binder/bind.h"
#include "boot/binder/manifest.h"
#include "engine/abi/policy.h"
#include "engine/base/file.h"
#include "signing/crypto.h"

namespace defib::boot {

// The parts that it was made from, by the digests that an image has of them.
struct PolicySources {
    signing::Digest source{};
    signing::Digest manifest{};
    signing::Digest binding{};
    uint64_t manifest_digest = 0;  // the table's own (image/policy/digest.h)

    static PolicySources of(Bytes source, Bytes manifest, Bytes binding);
};

struct PolicyFile {
    DefibPolicy table{};
    std::vector<std::string> notes;  // rules that this kernel cannot serve
};

std::string write_policy(const PolicySources& sources, const PolicyFile& policy);

// Fails where the bytes are no policy, one of other sources, or one whose table the engine would
// not take: of another form, or with numbers that mean nothing in the manifest.
Result<PolicyFile> read_policy(Bytes file, const PolicySources& sources, const Manifest& manifest,
                               const std::string& object);

// The first rule that needs what is off; nothing: all of it can be served.
std::optional<std::string> what_is_off(const DefibPolicy& table, const Manifest& manifest,
                                       const Bound& bound);

}  // namespace defib::boot

#endif
