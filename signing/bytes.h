// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the little-endian files of signing/ and image/.
#ifndef DEFIB_SIGNING_BYTES_H
#define DEFIB_SIGNING_BYTES_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/file.h"

namespace defib::signing {

// Reads in order and never past the end. After a read that did not fit, every further one gives
// zeros and `is_whole()` says so: a parser checks once, after a group of reads.
class ByteReader {
  public:
    explicit ByteReader(Bytes bytes) : rest_(bytes), size_(bytes.size()) {}

    Bytes take(size_t count) {
        if (count > rest_.size()) {
            is_whole_ = false;
            rest_ = {};
            return {};
        }
        const Bytes taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    template <size_t N>
    std::array<uint8_t, N> take_array() {
        std::array<uint8_t, N> out{};
        std::ranges::transform(take(N), out.begin(), [](std::byte b) { return uint8_t(b); });
        return out;
    }

    uint16_t u16() { return integer<uint16_t>(); }
    uint32_t u32() { return integer<uint32_t>(); }
    uint64_t u64() { return integer<uint64_t>(); }

    // Padding that could hold anything is room for what nobody signed.
    bool take_zeros(size_t count) {
        return std::ranges::all_of(take(count), [](std::byte b) { return b == std::byte{0}; });
    }

    bool is_whole() const { return is_whole_; }
    Bytes rest() const { return rest_; }
    size_t offset() const { return size_ - rest_.size(); }

  private:
    template <class T>
    T integer() {
        T value = 0;
        const auto bytes = take_array<sizeof(T)>();
        for (size_t i = 0; i < sizeof(T); ++i) value |= T(T(bytes[i]) << (8 * i));
        return value;
    }

    Bytes rest_;
    size_t size_;
    bool is_whole_ = true;
};

class ByteWriter {
  public:
    void u16(uint16_t value) { integer(value); }
    void u32(uint32_t value) { integer(value); }
    void u64(uint64_t value) { integer(value); }
    void text(std::string_view text) { out_ += text; }
    void bytes(Bytes bytes) { out_ += as_text(bytes); }
    void array(const auto& array) { bytes(std::as_bytes(std::span(array))); }
    void zeros(size_t count) { out_.append(count, '\0'); }
    void pad_to(size_t size) {
        if (out_.size() < size) out_.resize(size, '\0');
    }
    void align(size_t to) { out_.resize((out_.size() + to - 1) / to * to, '\0'); }

    size_t size() const { return out_.size(); }
    std::string take() { return std::move(out_); }

  private:
    template <class T>
    void integer(T value) {
        for (size_t i = 0; i < sizeof(T); ++i) out_.push_back(char((value >> (8 * i)) & 0xff));
    }

    std::string out_;
};

// Printable ASCII without blanks, then zeros to the end of the field. Gives false for anything
// else, an empty text included.
inline bool read_text_field(Bytes field, std::string_view& out) {
    const std::string_view all = as_text(field);
    const size_t length = std::min(all.find('\0'), all.size());
    out = all.substr(0, length);
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
    return length > 0 && std::ranges::all_of(out, is_plain) &&
           all.find_first_not_of('\0', length) == std::string_view::npos;
}

}  // namespace defib::signing

#endif
