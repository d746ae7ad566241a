// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/binding_file.h"

#include "engine/abi/engine.h"
#include "image/format.h"
#include "signing/bytes.h"

namespace defib::boot {
namespace {

using layouts::Layout;
using signing::ByteReader;
using signing::ByteWriter;

constexpr std::string_view MAGIC = "DEFIBBND";
constexpr uint32_t FORMAT = 1;

void put_text(ByteWriter& out, std::string_view text) {
    out.u32(static_cast<uint32_t>(text.size()));
    out.text(text);
}

std::string take_text(ByteReader& in) {
    return std::string(as_text(in.take(in.u32())));
}

void put_identity(ByteWriter& out, const layouts::KernelIdentity& kernel) {
    for (const std::string* text :
         {&kernel.architecture, &kernel.release, &kernel.banner, &kernel.btf_digest}) {
        put_text(out, *text);
    }
}

void put_symbols(ByteWriter& out, const Layout& layout, const layouts::NameSet& wanted) {
    std::vector<const std::pair<const std::string, layouts::LayoutSymbol>*> found;
    for (const auto& entry : layout.symbols) {
        if (wanted.contains(entry.first)) found.push_back(&entry);
    }
    out.u32(static_cast<uint32_t>(found.size()));
    for (const auto* entry : found) {
        put_text(out, entry->first);
        out.u32(entry->second.is_absolute ? 1 : 0);
        out.u64(static_cast<uint64_t>(entry->second.value));
    }
}

void put_structures(ByteWriter& out, const Layout& layout, const layouts::Wanted& wanted) {
    uint32_t count = 0;
    ByteWriter all;
    for (const auto& [name, members] : wanted.structs) {
        const auto found = layout.structs.find(name);
        if (found == layout.structs.end()) continue;
        count++;
        put_text(all, name);
        all.u64(found->second.size);
        std::vector<const layouts::LayoutMember*> kept;
        for (const auto& member : found->second.members) {
            if (members.contains(member.name)) kept.push_back(&member);
        }
        all.u32(static_cast<uint32_t>(kept.size()));
        for (const auto* member : kept) {
            put_text(all, member->name);
            all.u64(member->offset);
        }
    }
    out.u32(count);
    out.text(all.take());
}

void put_answers(ByteWriter& out, const Answers& answers) {
    out.u32(static_cast<uint32_t>(answers.slots.size()));
    for (const SlotAnswer& slot : answers.slots) {
        out.u32(static_cast<uint32_t>(slot.kind));
        out.u64(slot.value);
        put_text(out, slot.missing);
    }
    out.u32(static_cast<uint32_t>(answers.pictures.size()));
    for (const Picture& picture : answers.pictures) {
        out.u32(picture.offset);
        out.u32(picture.size);
    }
}

// Every list ends where the bytes do: a count that claims more allocates nothing.
void take_layout(ByteReader& in, Layout& layout) {
    layouts::KernelIdentity& kernel = layout.kernel;
    for (std::string* text :
         {&kernel.architecture, &kernel.release, &kernel.banner, &kernel.btf_digest}) {
        *text = take_text(in);
    }
    const uint32_t symbols = in.u32();
    for (uint32_t i = 0; i < symbols && in.is_whole(); i++) {
        layouts::LayoutSymbol& symbol = layout.symbols[take_text(in)];
        symbol.is_absolute = in.u32() != 0;
        symbol.value = static_cast<int64_t>(in.u64());
    }
    const uint32_t structures = in.u32();
    for (uint32_t i = 0; i < structures && in.is_whole(); i++) {
        layouts::LayoutStruct& structure = layout.structs[take_text(in)];
        structure.size = in.u64();
        structure.is_partial = true;
        const uint32_t members = in.u32();
        for (uint32_t k = 0; k < members && in.is_whole(); k++) {
            layouts::LayoutMember member;
            member.name = take_text(in);
            member.offset = in.u64();
            structure.members.push_back(std::move(member));
        }
    }
}

// False: an answer of a kind that nobody knows.
bool take_answers(ByteReader& in, Answers& answers) {
    bool is_known = true;
    const uint32_t slots = in.u32();
    for (uint32_t i = 0; i < slots && in.is_whole(); i++) {
        SlotAnswer slot;
        const uint32_t kind = in.u32();
        is_known = is_known && kind <= static_cast<uint32_t>(AnswerKind::other);
        slot.kind = static_cast<AnswerKind>(kind);
        slot.value = in.u64();
        slot.missing = take_text(in);
        answers.slots.push_back(std::move(slot));
    }
    const uint32_t pictures = in.u32();
    for (uint32_t i = 0; i < pictures && in.is_whole(); i++) {
        Picture picture;
        picture.offset = in.u32();
        picture.size = in.u32();
        is_known = is_known && picture.size < DEFIB_PICTURE_SIZE;
        answers.pictures.push_back(picture);
    }
    return is_known;
}

}  // namespace

BindingSources BindingSources::of(Bytes manifest, Bytes layout) {
    return {signing::digest(image::PART_PERSONAL, manifest),
            signing::digest(image::PART_PERSONAL, layout)};
}

std::string write_binding(const BindingSources& sources, const Layout& layout,
                          const layouts::Wanted& to_find, const Answers& answers) {
    ByteWriter out;
    out.text(MAGIC);
    out.u32(FORMAT);
    out.u32(0);
    out.array(sources.manifest);
    out.array(sources.layout);
    put_identity(out, layout.kernel);
    put_symbols(out, layout, to_find.symbols);
    put_structures(out, layout, to_find);
    put_answers(out, answers);
    return out.take();
}

Result<BindingFile> read_binding(Bytes file, const BindingSources& sources,
                                 const std::string& object) {
    const auto bad = [&](const char* why) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, object, why,
                    "make it again with defib layout bind");
    };
    ByteReader in(file);
    if (as_text(in.take(MAGIC.size())) != MAGIC) return bad("not a binding");
    if (in.u32() != FORMAT || in.u32() != 0) return bad("a binding for another defib");
    BindingSources made_from;
    made_from.manifest = in.take_array<32>();
    made_from.layout = in.take_array<32>();
    if (!in.is_whole()) return bad("it is cut short");
    if (made_from.manifest != sources.manifest) return bad("it was made from another manifest");
    if (made_from.layout != sources.layout) return bad("it was made from another layout");
    BindingFile binding;
    take_layout(in, binding.layout);
    const bool is_known = take_answers(in, binding.answers);
    if (!in.is_whole()) return bad("it is cut short");
    if (!is_known || !in.rest().empty()) return bad("it holds what no binding has");
    return binding;
}

}  // namespace defib::boot
