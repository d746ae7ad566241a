// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// As much of HTTP as a scrape needs (RFC 9112): one request with GET or HEAD and no body, one
// answer, and the connection is closed. Whatever else comes is answered with an error.
#ifndef DEFIB_BOOT_METRICS_HTTP_H
#define DEFIB_BOOT_METRICS_HTTP_H

#include <array>
#include <functional>
#include <span>
#include <string_view>

#include "boot/metrics/exposition.h"

namespace defib::boot::metrics {

inline constexpr size_t MOST_REQUEST = 4096;  // its first line and its fields
inline constexpr size_t MOST_HEAD = 256;      // of an answer

enum class Wanted : uint8_t {
    more,       // the request is not whole yet
    metrics,    //
    nothing,    // no such page
    malformed,  //
    too_large,  //
    method,     // one that is not known here
};

struct Request {
    Wanted wanted = Wanted::more;
    bool is_head = false;  // the answer's fields alone
};

// Of all that has come so far.
Request parse(std::string_view bytes);

// One connection's request and answer; of fixed size.
class Exchange {
  public:
    using Page = std::function<std::string_view(std::span<char> into)>;

    void start();
    // Takes what it has room for, and answers once the request is whole; what comes after that is
    // not looked at.
    void take(std::span<const char> bytes, const Page& page);
    std::string_view owed() const { return {answer_.data() + sent_, used_ - sent_}; }
    void has_sent(size_t size) { sent_ += size; }
    bool is_answered() const { return used_ != 0; }
    bool is_over() const { return used_ != 0 && sent_ == used_; }

  private:
    void answer(const Request& request, const Page& page);

    std::array<char, MOST_REQUEST> input_{};
    size_t has_ = 0;
    std::array<char, MOST_HEAD + MOST_EXPOSITION> answer_{};
    size_t used_ = 0;
    size_t sent_ = 0;
};

}  // namespace defib::boot::metrics

#endif
