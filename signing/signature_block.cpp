// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/signature_block.h"

#include <algorithm>

namespace defib::signing {
namespace {

constexpr std::string_view MAGIC = "DEFIBSIG";

}  // namespace

Result<SignatureList> read_signature_block(Bytes rest, const BlockErrors& errors,
                                           const std::string& object) {
    ByteReader reader(rest);
    const std::string_view magic = as_text(reader.take(MAGIC.size()));
    const uint32_t count = reader.u32();
    const bool is_padded = reader.take_zeros(4);
    if (!reader.is_whole()) return fail(errors.truncated, object, "the signatures are cut off");
    if (magic != MAGIC || !is_padded) {
        return fail(errors.malformed, object, "the signature block is damaged");
    }
    if (count > SignatureList::capacity()) {
        return fail(errors.malformed, object, "more than 16 signatures");
    }
    SignatureList signatures;
    for (uint32_t i = 0; i < count; ++i) {
        SignatureEntry entry{};
        entry.key = reader.take_array<32>();
        entry.signature = reader.take_array<64>();
        if (!reader.is_whole()) return fail(errors.truncated, object, "a signature is cut off");
        // A key that is there twice would count twice towards a threshold.
        if (i > 0 && signatures[i - 1].key >= entry.key) {
            return fail(errors.malformed, object,
                        "signatures are not in order, or one is repeated");
        }
        signatures.push_back(entry);
    }
    if (!reader.rest().empty()) {
        return fail(errors.extraneous, object,
                    std::to_string(reader.rest().size()) + " bytes after the signatures");
    }
    return signatures;
}

std::string write_signature_block(const SignatureList& signatures) {
    ByteWriter writer;
    writer.text(MAGIC);
    writer.u32(uint32_t(signatures.size()));
    writer.zeros(4);
    for (const SignatureEntry& entry : signatures) {
        writer.array(entry.key);
        writer.array(entry.signature);
    }
    return writer.take();
}

Result<void> add_signature(SignatureList& signatures, const SignatureEntry& entry,
                           const std::string& object) {
    auto* same = std::ranges::find(signatures, entry.key, &SignatureEntry::key);
    if (same != signatures.end()) {
        *same = entry;
        return {};
    }
    if (!signatures.push_back(entry)) {
        return fail(DEFIB_ERROR_SIGNING_TOO_MANY, object, "16 signatures are the most");
    }
    std::ranges::sort(signatures, {}, &SignatureEntry::key);
    return {};
}

}  // namespace defib::signing
