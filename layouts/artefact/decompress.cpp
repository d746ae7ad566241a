// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/decompress.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "layouts/artefact/byte_reader.h"

namespace defib::layouts {
namespace {

// A window larger than this is no kernel's and no package's: dpkg and the kernel stay at 128 MiB.
constexpr uint64_t MOST_CODEC_MEMORY = uint64_t{256} << 20;
constexpr int MOST_ZSTD_WINDOW_LOG = 27;

std::unexpected<Error> broken(const std::string& object, std::string_view codec) {
    return fail(DEFIB_ERROR_LAYOUT_MALFORMED, object,
                std::string(codec) + " data do not unpack; the file is damaged", "fetch it again");
}

std::unexpected<Error> cut_short(const std::string& object, std::string_view codec) {
    return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, object,
                std::string(codec) + " data end before their end mark", "fetch it again");
}

class Copier final : public Unpacker {
  public:
    explicit Copier(Bytes bytes) : rest_(bytes) {}

    Result<size_t> read(std::span<std::byte> into) override {
        const size_t n = std::min(into.size(), rest_.size());
        std::copy_n(rest_.begin(), n, into.begin());
        rest_ = rest_.subspan(n);
        return n;
    }

  private:
    Bytes rest_;
};

class GzipUnpacker final : public Unpacker {
  public:
    GzipUnpacker(Bytes packed, std::string_view object) : rest_(packed), object_(object) {
        is_ready_ = inflateInit2(&stream_, 32 + MAX_WBITS) == Z_OK;  // 32: gzip's header or zlib's
    }
    ~GzipUnpacker() override {
        if (is_ready_) inflateEnd(&stream_);
    }
    GzipUnpacker(const GzipUnpacker&) = delete;
    GzipUnpacker& operator=(const GzipUnpacker&) = delete;

    Result<size_t> read(std::span<std::byte> into) override {
        if (!is_ready_) return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, object_);
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(std::min(into.size(), CHUNK));
        const uInt wanted = stream_.avail_out;
        while (!is_done_ && stream_.avail_out == wanted) {
            if (stream_.avail_in == 0) refill();
            const int status = inflate(&stream_, Z_NO_FLUSH);
            if (status == Z_STREAM_END) {
                is_done_ = true;
            } else if (status == Z_BUF_ERROR && rest_.empty() && stream_.avail_in == 0) {
                return cut_short(object_, "gzip");
            } else if (status != Z_OK) {
                return broken(object_, "gzip");
            }
        }
        return wanted - stream_.avail_out;
    }

  private:
    static constexpr size_t CHUNK = size_t{1} << 30;  // zlib counts in unsigned int

    void refill() {
        const Bytes next = rest_.first(std::min(rest_.size(), CHUNK));
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(next.data()));
        stream_.avail_in = static_cast<uInt>(next.size());
        rest_ = rest_.subspan(next.size());
    }

    Bytes rest_;
    std::string object_;
    z_stream stream_{};
    bool is_ready_ = false;
    bool is_done_ = false;
};

class LzmaUnpacker final : public Unpacker {
  public:
    LzmaUnpacker(Bytes packed, std::string_view object, std::string_view codec)
        : object_(object), codec_(codec) {
        // The kernel packs xz with a BCJ filter and CRC32; auto takes xz and the older lzma alone.
        is_ready_ = lzma_auto_decoder(&stream_, MOST_CODEC_MEMORY, 0) == LZMA_OK;
        stream_.next_in = reinterpret_cast<const uint8_t*>(packed.data());
        stream_.avail_in = packed.size();
    }
    ~LzmaUnpacker() override { lzma_end(&stream_); }
    LzmaUnpacker(const LzmaUnpacker&) = delete;
    LzmaUnpacker& operator=(const LzmaUnpacker&) = delete;

    Result<size_t> read(std::span<std::byte> into) override {
        if (!is_ready_) return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, object_);
        stream_.next_out = reinterpret_cast<uint8_t*>(into.data());
        stream_.avail_out = into.size();
        while (!is_done_ && stream_.avail_out > 0) {
            const lzma_ret status = lzma_code(&stream_, LZMA_RUN);
            if (status == LZMA_STREAM_END) {
                is_done_ = true;
            } else if (status == LZMA_BUF_ERROR) {
                return cut_short(object_, codec_);
            } else if (status == LZMA_MEMLIMIT_ERROR) {
                return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, object_, codec_ + " window over 256 MiB");
            } else if (status != LZMA_OK) {
                return broken(object_, codec_);
            }
        }
        return into.size() - stream_.avail_out;
    }

  private:
    std::string object_;
    std::string codec_;
    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool is_ready_ = false;
    bool is_done_ = false;
};

class ZstdUnpacker final : public Unpacker {
  public:
    ZstdUnpacker(Bytes packed, std::string_view object)
        : object_(object), input_{packed.data(), packed.size(), 0}, context_(ZSTD_createDCtx()) {
        if (context_) {
            ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, MOST_ZSTD_WINDOW_LOG);
        }
    }

    Result<size_t> read(std::span<std::byte> into) override {
        if (!context_) return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, object_);
        ZSTD_outBuffer output{into.data(), into.size(), 0};
        while (!is_done_ && output.pos < output.size) {
            const size_t before_in = input_.pos;
            const size_t before_out = output.pos;
            const size_t status = ZSTD_decompressStream(context_.get(), &output, &input_);
            if (ZSTD_isError(status)) return broken(object_, "zstd");
            if (status == 0) {
                is_done_ = true;
            } else if (input_.pos == before_in && output.pos == before_out) {
                return cut_short(object_, "zstd");
            }
        }
        return output.pos;
    }

  private:
    struct Free {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    std::string object_;
    ZSTD_inBuffer input_;
    std::unique_ptr<ZSTD_DCtx, Free> context_;
    bool is_done_ = false;
};

class BzipUnpacker final : public Unpacker {
  public:
    BzipUnpacker(Bytes packed, std::string_view object) : rest_(packed), object_(object) {
        is_ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    }
    ~BzipUnpacker() override {
        if (is_ready_) BZ2_bzDecompressEnd(&stream_);
    }
    BzipUnpacker(const BzipUnpacker&) = delete;
    BzipUnpacker& operator=(const BzipUnpacker&) = delete;

    Result<size_t> read(std::span<std::byte> into) override {
        if (!is_ready_) return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, object_);
        const auto wanted = static_cast<unsigned>(std::min(into.size(), CHUNK));
        stream_.next_out = reinterpret_cast<char*>(into.data());
        stream_.avail_out = wanted;
        while (!is_done_ && stream_.avail_out > 0) {
            if (stream_.avail_in == 0) refill();
            const unsigned before = stream_.avail_out;
            const bool was_empty = stream_.avail_in == 0;
            const int status = BZ2_bzDecompress(&stream_);
            if (status == BZ_STREAM_END) {
                is_done_ = true;
            } else if (status != BZ_OK) {
                return broken(object_, "bzip2");
            } else if (was_empty && stream_.avail_out == before) {
                return cut_short(object_, "bzip2");
            }
        }
        return wanted - stream_.avail_out;
    }

  private:
    static constexpr size_t CHUNK = size_t{1} << 30;

    void refill() {
        const Bytes next = rest_.first(std::min(rest_.size(), CHUNK));
        stream_.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(next.data()));
        stream_.avail_in = static_cast<unsigned>(next.size());
        rest_ = rest_.subspan(next.size());
    }

    Bytes rest_;
    std::string object_;
    bz_stream stream_{};
    bool is_ready_ = false;
    bool is_done_ = false;
};

// lz4's legacy frame (lz4 -l, what the kernel's build uses): a magic number, then blocks of a
// 32-bit packed size and data, each of which unpacks to 8 MiB but the last.
class Lz4LegacyUnpacker final : public Unpacker {
  public:
    Lz4LegacyUnpacker(Bytes packed, std::string_view object)
        : rest_(slice(packed, 4)), object_(object) {}

    Result<size_t> read(std::span<std::byte> into) override {
        if (used_ == block_.size() && !is_done_) {
            auto next = next_block();
            if (!next) return std::unexpected(next.error());
        }
        const size_t n = std::min(into.size(), block_.size() - used_);
        std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), n, into.begin());
        used_ += n;
        return n;
    }

  private:
    static constexpr size_t BLOCK = size_t{8} << 20;

    Result<void> next_block() {
        used_ = 0;
        const bool is_first = block_.empty();
        const uint32_t size = load32(rest_, 0);
        // lib/decompress_unlz4.c stops at the end of the input and at a zero size. A kernel payload
        // also ends in the four bytes of its unpacked size, which look like one more block.
        const bool is_last = rest_.size() <= 4 || size == 0 || !holds(rest_, 4, size);
        if (is_last && (is_first || (size != 0 && rest_.size() > 4))) {
            return cut_short(object_, "lz4");
        }
        if (is_last) {
            is_done_ = true;
            block_.clear();
            return {};
        }
        if (size > static_cast<uint32_t>(LZ4_compressBound(static_cast<int>(BLOCK)))) {
            return broken(object_, "lz4");
        }
        block_.resize(BLOCK);
        const int n = LZ4_decompress_safe(reinterpret_cast<const char*>(rest_.data() + 4),
                                          reinterpret_cast<char*>(block_.data()),
                                          static_cast<int>(size), static_cast<int>(BLOCK));
        if (n <= 0) return broken(object_, "lz4");
        block_.resize(static_cast<size_t>(n));
        rest_ = rest_.subspan(4 + size_t{size});
        return {};
    }

    Bytes rest_;
    std::string object_;
    std::vector<std::byte> block_;
    size_t used_ = 0;
    bool is_done_ = false;
};

}  // namespace

Result<std::unique_ptr<Unpacker>> make_unpacker(Bytes packed, std::string_view object) {
    using namespace std::string_view_literals;
    // "x": zlib with a window of 32 KiB, as compressed debug sections have it.
    if (starts_with(packed, "\x1f\x8b"sv) || starts_with(packed, "x"sv)) {
        return std::make_unique<GzipUnpacker>(packed, object);
    }
    if (starts_with(packed,
                    "\xfd"
                    "7zXZ\0"sv)) {
        return std::make_unique<LzmaUnpacker>(packed, object, "xz");
    }
    if (starts_with(packed, "\x28\xb5\x2f\xfd"sv)) {
        return std::make_unique<ZstdUnpacker>(packed, object);
    }
    if (starts_with(packed, "BZh"sv)) return std::make_unique<BzipUnpacker>(packed, object);
    if (starts_with(packed, "\x02\x21\x4c\x18"sv)) {
        return std::make_unique<Lz4LegacyUnpacker>(packed, object);
    }
    // lzma alone has no magic; the kernel's and dpkg's always begin with these properties.
    if (starts_with(packed, "\x5d\0\0"sv)) {
        return std::make_unique<LzmaUnpacker>(packed, object, "lzma");
    }
    return nullptr;
}

std::unique_ptr<Unpacker> make_copier(Bytes bytes) {
    return std::make_unique<Copier>(bytes);
}

Result<std::vector<std::byte>> unpack_all(Bytes packed, std::string_view object, size_t limit,
                                          size_t expected) {
    auto unpacker = make_unpacker(packed, object);
    if (!unpacker) return std::unexpected(unpacker.error());
    if (!*unpacker) {
        return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, std::string(object), "unknown compression",
                    "gzip, xz, lzma, zstd, lz4 and bzip2 are known");
    }
    // What the file says of itself is a hint: nothing packs a kernel to a hundredth.
    const size_t hint = std::min(expected, packed.size() * 100);
    std::vector<std::byte> out(std::min(limit, std::max(hint, size_t{64} << 10)));
    size_t size = 0;
    while (true) {
        if (size == out.size()) {
            if (size >= limit) {
                // Is it exactly as long as is allowed, or longer?
                std::byte one_more{};
                const auto n = (*unpacker)->read(std::span(&one_more, 1));
                if (!n) return std::unexpected(n.error());
                if (*n == 0) break;
                return fail(DEFIB_ERROR_LAYOUT_TOO_LARGE, std::string(object),
                            "unpacks to more than " + std::to_string(limit >> 20) + " MiB");
            }
            out.resize(std::min(limit, out.size() * 2));
        }
        const auto n = (*unpacker)->read(std::span(out).subspan(size));
        if (!n) return std::unexpected(n.error());
        if (*n == 0) break;
        size += *n;
    }
    out.resize(size);
    return out;
}

}  // namespace defib::layouts
