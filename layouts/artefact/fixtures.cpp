// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/fixtures.h"

#include <bzlib.h>
#include <elf.h>
#include <fmt/format.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace defib::layouts::fixtures {
namespace {

constexpr uint64_t TEXT = 0xffffffff81000000;

template <class T>
void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void put_at(std::string& out, size_t at, T value) {
    std::memcpy(out.data() + at, &value, sizeof value);
}

void align(std::string& out, size_t alignment) {
    out.resize((out.size() + alignment - 1) / alignment * alignment);
}

std::string build_id_note() {
    std::string note;
    put<uint32_t>(note, 4);
    put<uint32_t>(note, 8);
    put<uint32_t>(note, NT_GNU_BUILD_ID);
    note.append("GNU\0", 4).append("\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    return note;
}

constexpr std::string_view BANNER =
    "Linux version 9.9.9-tiny (nobody@nowhere) (gcc 12) #1 SMP PREEMPT_DYNAMIC today\n";

}  // namespace

std::string tiny_btf() {
    const std::string strings("\0int\0tiny\0first\0second\0", 23);
    std::string types;
    const auto type = [&](uint32_t name, uint32_t info, uint32_t size) {
        put(types, name);
        put(types, info);
        put(types, size);
    };
    constexpr uint32_t INT = 1U << 24;
    constexpr uint32_t STRUCT = 4U << 24;
    type(1, INT, 4);
    put<uint32_t>(types, 1U << 24 | 32);  // signed, 32 bits
    type(5, STRUCT | 2, 8);
    for (const auto& [name, offset] : {std::pair(10U, 0U), std::pair(16U, 32U)}) {
        put<uint32_t>(types, name);
        put<uint32_t>(types, 1);
        put<uint32_t>(types, offset);
    }
    std::string btf;
    put<uint16_t>(btf, 0xeb9f);
    put<uint8_t>(btf, 1);
    put<uint8_t>(btf, 0);
    put<uint32_t>(btf, 24);
    put<uint32_t>(btf, 0);
    put(btf, static_cast<uint32_t>(types.size()));
    put(btf, static_cast<uint32_t>(types.size()));
    put(btf, static_cast<uint32_t>(strings.size()));
    return btf + types + strings;
}

std::vector<TinySymbol> tiny_symbols(uint64_t text, PerCpu per_cpu) {
    std::vector<TinySymbol> symbols;
    const uint64_t base = per_cpu == PerCpu::absolute ? 0 : text + 0x200000;
    symbols.push_back({"Drunqueues", base + 0x1234});
    symbols.push_back({"T_text", text});
    symbols.push_back({"ttwice", text + 0x10});
    symbols.push_back({"ttwice", text + 0x20});
    symbols.push_back({"tonce_global", text + 0x30});
    symbols.push_back({"Tonce_global", text + 0x40});
    symbols.push_back({"T" + std::string(200, 'x'), text + 0x50});  // a length of two bytes
    symbols.push_back({"B__pgtable_l5_enabled", text + 0x60});
    for (unsigned i = 0; i < 300; ++i) {
        symbols.push_back({fmt::format("Tsymbol_{}", i), text + 0x100 + uint64_t{0x10} * i});
    }
    std::ranges::sort(symbols, {}, &TinySymbol::value);
    return symbols;
}

TinyKallsyms tiny_kallsyms(const std::vector<TinySymbol>& symbols, uint64_t text,
                           KallsymsOrder order, PerCpu per_cpu) {
    TinyKallsyms tables;
    std::string& out = tables.bytes;
    const auto put_offsets = [&] {
        align(out, 8);
        tables.offsets = out.size();
        for (const TinySymbol& symbol : symbols) {
            if (per_cpu == PerCpu::relative) {
                put(out, static_cast<uint32_t>(symbol.value - text));
            } else if (symbol.value < text) {
                put(out, static_cast<int32_t>(symbol.value));
            } else {
                put(out, static_cast<int32_t>(text - symbol.value - 1));
            }
        }
        align(out, 8);
        tables.relative_base = out.size();
        put<uint64_t>(out, text);
    };
    if (order == KallsymsOrder::offsets_first) put_offsets();
    align(out, 8);
    tables.count = out.size();
    put<uint64_t>(out, symbols.size());
    tables.names = out.size();
    std::vector<uint32_t> markers;
    for (size_t i = 0; i < symbols.size(); ++i) {
        if (i % 256 == 0) markers.push_back(static_cast<uint32_t>(out.size() - tables.names));
        const std::string& name = symbols[i].name;
        if (name.size() < 128) {
            put(out, static_cast<uint8_t>(name.size()));
        } else {
            put(out, static_cast<uint8_t>(0x80 | (name.size() & 0x7f)));
            put(out, static_cast<uint8_t>(name.size() >> 7));
        }
        // 0x01 stands for "symbol_"; every other code for itself.
        const size_t at = name.find("symbol_");
        if (at == 1) {
            out[out.size() - 1] = static_cast<char>(name.size() - 6);
            out.append(name.substr(0, 1)).append("\x01").append(name.substr(8));
        } else {
            out.append(name);
        }
    }
    align(out, 8);
    for (const uint32_t marker : markers) put(out, marker);
    align(out, 8);
    tables.token_table = out.size();
    std::vector<uint16_t> index;
    index.reserve(256);
    for (unsigned code = 0; code < 256; ++code) {
        index.push_back(static_cast<uint16_t>(out.size() - tables.token_table));
        if (code == 1) {
            out.append("symbol_");
        } else if (code != 0) {
            out.push_back(static_cast<char>(code));
        }
        out.push_back('\0');
    }
    align(out, 8);
    tables.token_index = out.size();
    for (const uint16_t at : index) put(out, at);
    if (order == KallsymsOrder::offsets_last) put_offsets();
    return tables;
}

std::string tiny_vmlinux(const TinyKernel& kernel) {
    std::string rodata(BANNER);
    rodata.push_back('\0');
    rodata += kernel.vermagic;
    rodata.push_back('\0');
    align(rodata, 8);
    rodata +=
        tiny_kallsyms(tiny_symbols(TEXT, kernel.per_cpu), TEXT, kernel.order, kernel.per_cpu).bytes;

    struct Section {
        const char* name;
        uint32_t type;
        std::string bytes;
    };
    std::vector<Section> sections{{"", SHT_NULL, ""},
                                  {".rodata", SHT_PROGBITS, rodata},
                                  {".notes", SHT_NOTE, build_id_note()},
                                  {".BTF", SHT_PROGBITS, tiny_btf()},
                                  {".shstrtab", SHT_STRTAB, ""}};
    std::string& names = sections.back().bytes;
    std::vector<Elf64_Shdr> headers(sections.size());
    for (size_t i = 0; i < sections.size(); ++i) {
        headers[i].sh_name = static_cast<uint32_t>(names.size());
        names.append(sections[i].name).push_back('\0');
    }
    constexpr size_t SEGMENTS = 2;
    std::string file(sizeof(Elf64_Ehdr) + SEGMENTS * sizeof(Elf64_Phdr), '\0');
    for (size_t i = 1; i < sections.size(); ++i) {
        align(file, 16);
        headers[i].sh_type = sections[i].type;
        headers[i].sh_offset = file.size();
        headers[i].sh_size = sections[i].bytes.size();
        headers[i].sh_addr = TEXT + 0x1000000 + file.size();
        file += sections[i].bytes;
    }
    align(file, 8);
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phnum = SEGMENTS;
    header.e_shoff = file.size();
    header.e_shnum = static_cast<uint16_t>(sections.size());
    header.e_shstrndx = static_cast<uint16_t>(sections.size() - 1);
    put_at(file, 0, header);
    for (size_t i = 0; i < SEGMENTS; ++i) {
        Elf64_Phdr segment{};
        segment.p_type = i == 0 ? PT_LOAD : PT_NOTE;
        segment.p_offset = headers[1 + i].sh_offset;
        segment.p_vaddr = headers[1 + i].sh_addr;
        segment.p_filesz = headers[1 + i].sh_size;
        put_at(file, sizeof header + i * sizeof segment, segment);
    }
    for (const Elf64_Shdr& section : headers) put(file, section);
    return file;
}

std::string pack(std::string_view plain, Packing packing) {
    std::string out(plain.size() * 2 + 4096, '\0');
    const auto capacity = out.size();
    auto* to = reinterpret_cast<uint8_t*>(out.data());
    const auto* from = reinterpret_cast<const uint8_t*>(plain.data());
    switch (packing) {
        case Packing::none:
            return std::string(plain);
        case Packing::gzip: {
            z_stream stream{};
            deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
            stream.next_in = const_cast<uint8_t*>(from);
            stream.avail_in = static_cast<uInt>(plain.size());
            stream.next_out = to;
            stream.avail_out = static_cast<uInt>(capacity);
            deflate(&stream, Z_FINISH);
            out.resize(stream.total_out);
            deflateEnd(&stream);
            return out;
        }
        case Packing::xz: {
            size_t size = 0;
            (void)lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr, from, plain.size(), to,
                                          &size, capacity);
            out.resize(size);
            return out;
        }
        case Packing::lzma: {
            lzma_options_lzma options;
            lzma_lzma_preset(&options, 6);
            lzma_stream stream = LZMA_STREAM_INIT;
            (void)lzma_alone_encoder(&stream, &options);
            stream.next_in = from;
            stream.avail_in = plain.size();
            stream.next_out = to;
            stream.avail_out = capacity;
            (void)lzma_code(&stream, LZMA_FINISH);
            out.resize(stream.total_out);
            lzma_end(&stream);
            return out;
        }
        case Packing::zstd:
            out.resize(ZSTD_compress(to, capacity, from, plain.size(), 19));
            return out;
        case Packing::lz4: {
            std::string block(capacity, '\0');
            const int size =
                LZ4_compress_default(plain.data(), block.data(), static_cast<int>(plain.size()),
                                     static_cast<int>(capacity));
            out = "\x02\x21\x4c\x18";
            put(out, static_cast<uint32_t>(size));
            return out.append(block, 0, static_cast<size_t>(size));
        }
        case Packing::bzip2: {
            auto size = static_cast<unsigned>(capacity);
            BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(plain.data()),
                                     static_cast<unsigned>(plain.size()), 9, 0, 0);
            out.resize(size);
            return out;
        }
    }
    return {};
}

std::string bzimage(std::string_view payload) {
    constexpr size_t SECTOR = 512;
    std::string image(2 * SECTOR, '\0');
    image[0x1f1] = 1;
    std::memcpy(image.data() + 0x202, "HdrS", 4);
    put_at<uint16_t>(image, 0x206, 0x20f);
    put_at<uint16_t>(image, 0x20e, 0x100);  // 512 bytes on: 0x300
    std::memcpy(image.data() + 0x300, "9.9.9-tiny", 10);
    put_at<uint32_t>(image, 0x248, 16);
    put_at(image, 0x24c, static_cast<uint32_t>(payload.size()));
    image.append(16, '\0').append(payload);
    return image;
}

std::string summed_bzimage(std::string_view payload) {
    std::string image = bzimage(payload);
    std::memcpy(image.data() + 0x300, "6.1.0-tiny", 10);
    image.append(4, '\0');
    align(image, 16);
    put_at(image, 0x1f4, static_cast<uint32_t>((image.size() - 1024) / 16));
    const auto* bytes = reinterpret_cast<const Bytef*>(image.data());
    put_at(image, image.size() - 4, ~static_cast<uint32_t>(crc32_z(0, bytes, image.size() - 4)));
    return image;
}

std::string tar(const NamedFiles& files) {
    std::string archive;
    for (const auto& [name, content] : files) {
        std::string header(512, '\0');
        std::memcpy(header.data(), name.data(), std::min<size_t>(name.size(), 100));
        const auto field = [&](size_t at, const std::string& text) {
            std::memcpy(header.data() + at, text.data(), text.size());
        };
        field(100, "0000644");
        field(124, fmt::format("{:011o}", content.size()));
        header[156] = '0';
        field(257, "ustar  ");
        field(148, "        ");
        unsigned sum = 0;
        for (const char c : header) sum += static_cast<uint8_t>(c);
        field(148, fmt::format("{:06o}", sum) + '\0' + ' ');
        archive += header + content;
        align(archive, 512);
    }
    return archive.append(1024, '\0');
}

std::string ar(const NamedFiles& members) {
    std::string archive = "!<arch>\n";
    for (const auto& [name, content] : members) {
        archive += fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", name, 0, 0, 0, "100644",
                               content.size());
        archive += content;
        if (content.size() % 2 != 0) archive.push_back('\n');
    }
    return archive;
}

std::string deb(const NamedFiles& files, Packing packing) {
    static constexpr const char* SUFFIXES[] = {"", ".gz", ".xz", ".lzma", ".zst", ".lz4", ".bz2"};
    return ar({{"debian-binary", "2.0\n"},
               {"control.tar.gz", pack(tar({{"./control", "Package: tiny\n"}}), Packing::gzip)},
               {std::string("data.tar") + SUFFIXES[static_cast<size_t>(packing)],
                pack(tar(files), packing)}});
}

// Physical memory from 0: VMCOREINFO, three levels of page tables, the kernel. The image's first
// 2 MiB are mapped by one large page to physical 0.
std::string tiny_memory() {
    constexpr uint64_t MAP = 0xffffffff80000000;
    constexpr uint64_t PAGE = 4096;
    constexpr uint64_t KERNEL = 4 * PAGE;
    constexpr uint64_t FLAGS = 0x63;
    const uint64_t text = MAP + KERNEL;

    std::string kernel(BANNER);
    kernel.push_back('\0');
    kernel += "9.9.9-tiny SMP preempt mod_unload ";
    kernel.push_back('\0');
    align(kernel, 8);
    const size_t notes = kernel.size();
    kernel += build_id_note();
    const size_t btf = kernel.size();
    kernel += tiny_btf();
    const size_t btf_end = kernel.size();
    std::vector<TinySymbol> symbols = tiny_symbols(text + 0x100000, PerCpu::absolute);
    for (const auto& [name, offset] :
         {std::pair("T_text", size_t{0}), std::pair("Dlinux_banner", size_t{0}),
          std::pair("R__start_rodata", size_t{0}), std::pair("R__end_rodata", btf_end),
          std::pair("R__start_notes", notes), std::pair("R__stop_notes", btf),
          std::pair("R__start_BTF", btf), std::pair("R__stop_BTF", btf_end)}) {
        if (name == std::string("T_text"))
            std::erase_if(symbols, [](const auto& s) { return s.name == "T_text"; });
        symbols.push_back({name, text + offset});
    }
    std::ranges::sort(symbols, {}, &TinySymbol::value);
    align(kernel, 8);
    const uint64_t tables_at = text + kernel.size();
    const TinyKallsyms tables =
        tiny_kallsyms(symbols, text, KallsymsOrder::offsets_last, PerCpu::absolute);
    kernel += tables.bytes;

    std::string memory = fmt::format(
        "OSRELEASE=9.9.9-tiny\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)={:x}\n"
        "SYMBOL(kallsyms_num_syms)={:x}\nSYMBOL(kallsyms_names)={:x}\n"
        "SYMBOL(kallsyms_token_table)={:x}\nSYMBOL(kallsyms_token_index)={:x}\n"
        "SYMBOL(kallsyms_offsets)={:x}\nSYMBOL(kallsyms_relative_base)={:x}\n"
        "NUMBER(phys_base)=0\nNUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\nKERNELOFFSET=0\n",
        MAP + PAGE, tables_at + tables.count, tables_at + tables.names,
        tables_at + tables.token_table, tables_at + tables.token_index, tables_at + tables.offsets,
        tables_at + tables.relative_base);
    memory.resize(KERNEL);
    put_at<uint64_t>(memory, PAGE + uint64_t{8} * 511, 2 * PAGE + FLAGS);
    put_at<uint64_t>(memory, 2 * PAGE + uint64_t{8} * 510, 3 * PAGE + FLAGS);
    put_at<uint64_t>(memory, 3 * PAGE, FLAGS | 0x80);
    memory += kernel;
    align(memory, PAGE);
    return memory;
}

std::string tiny_vmcore() {
    const std::string memory = tiny_memory();
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_CORE;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_offset = 4096;
    segment.p_filesz = memory.size();
    segment.p_memsz = memory.size();
    std::string file(4096, '\0');
    put_at(file, 0, header);
    put_at(file, sizeof header, segment);
    return file + memory;
}

}  // namespace defib::layouts::fixtures
