// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a client sends, in pieces of any size: each is answered or waited for, an
// answer has a head and the length that it tells, and more than a request may be is never kept.
#include <cstdlib>
#include <memory>
#include <string>

#include "boot/metrics/http.h"

namespace {

using namespace defib::boot::metrics;

void must(bool holds) {
    if (!holds) std::abort();
}

constexpr std::string_view PAGE = "defib_build_info 1\n";

void check(std::string_view answer) {
    must(answer.starts_with("HTTP/1.1 "));
    const size_t end = answer.find("\r\n\r\n");
    must(end != std::string_view::npos);
    const std::string_view body = answer.substr(end + 4);
    const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    // Of HEAD the length is told and the page is left out.
    must(body.empty() || answer.contains(length));
    if (answer.starts_with("HTTP/1.1 200")) must(body.empty() || body == PAGE);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    // Its memory is fixed, and large: made once, as the server does.
    static const auto exchange = std::make_unique<Exchange>();
    exchange->start();
    const size_t piece = size_t{1} + data[0];
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    size_t given = 0;
    while (!rest.empty() && !exchange->is_answered()) {
        const std::string_view part = rest.substr(0, piece);
        exchange->take({part.data(), part.size()}, [](std::span<char> into) {
            PAGE.copy(into.data(), PAGE.size());
            return std::string_view(into.data(), PAGE.size());
        });
        given += part.size();
        rest.remove_prefix(part.size());
    }
    must(exchange->is_answered() || given < MOST_REQUEST);
    if (exchange->is_answered()) check(exchange->owed());
    return 0;
}
