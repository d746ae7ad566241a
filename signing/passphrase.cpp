// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/passphrase.h"

#include <fcntl.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/base/unique_fd.h"

namespace defib::signing {
namespace {

constexpr size_t MOST_BYTES = 1024;

std::unexpected<Error> no_passphrase(const std::string& object, std::string detail) {
    return fail(DEFIB_ERROR_SIGNING_NO_PASSPHRASE, object, std::move(detail),
                "use a terminal, --passphrase-file or --passphrase-fd");
}

// Echo is off while this lives, and as it was before afterwards.
class SilentTerminal {
  public:
    explicit SilentTerminal(int fd) : fd_(fd) {
        is_changed_ = ::tcgetattr(fd_, &before_) == 0;
        if (!is_changed_) return;
        struct termios silent = before_;
        silent.c_lflag &= ~tcflag_t{ECHO};
        ::tcsetattr(fd_, TCSAFLUSH, &silent);
    }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;
    ~SilentTerminal() {
        if (is_changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }

  private:
    int fd_;
    bool is_changed_ = false;
    struct termios before_{};
};

void say(int fd, const std::string& text) {
    // What cannot be shown on the terminal is no reason to refuse what is typed there.
    [[maybe_unused]] const ssize_t n = ::write(fd, text.data(), text.size());
}

}  // namespace

Result<Passphrase> Passphrase::allocate() {
    if (sodium_init() < 0) return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "libsodium");
    auto* memory = static_cast<char*>(sodium_malloc(MOST_BYTES));
    if (!memory) return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "passphrase");
    return Passphrase(memory, 0);
}

Result<Passphrase> Passphrase::from_text(std::string_view text) {
    auto passphrase = allocate();
    if (!passphrase) return passphrase;
    if (text.empty() || text.size() > MOST_BYTES) {
        return no_passphrase("passphrase", "it is empty, or longer than 1024 bytes");
    }
    std::ranges::copy(text, passphrase->memory_);
    passphrase->size_ = text.size();
    return passphrase;
}

// Byte by byte: whatever follows the line in a pipe belongs to somebody else.
Result<void> Passphrase::read_line(int fd, const std::string& object) {
    size_ = 0;
    for (;;) {
        char c = 0;
        const ssize_t n = ::read(fd, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return no_passphrase(object, std::generic_category().message(errno));
        if (n == 0 || c == '\n') break;
        if (size_ == MOST_BYTES) return no_passphrase(object, "longer than 1024 bytes");
        memory_[size_++] = c;
    }
    if (size_ == 0) return no_passphrase(object, "it is empty");
    return {};
}

Result<Passphrase> Passphrase::read(const PassphraseSource& source, Prompt prompt,
                                    const std::string& what_for) {
    auto passphrase = allocate();
    if (!passphrase) return passphrase;
    const auto finish = [&](Result<void> read) -> Result<Passphrase> {
        if (!read) return std::unexpected(read.error());
        return std::move(*passphrase);
    };
    if (source.fd >= 0) return finish(passphrase->read_line(source.fd, "passphrase"));
    if (!source.file.empty()) {
        const UniqueFd fd(::open(source.file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd.is_open()) {
            return no_passphrase(source.file.string(), std::generic_category().message(errno));
        }
        return finish(passphrase->read_line(fd.get(), source.file.string()));
    }
    const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!terminal.is_open()) return no_passphrase("passphrase", "there is no terminal to ask");
    const SilentTerminal silent(terminal.get());
    say(terminal.get(), "Passphrase for " + what_for + ": ");
    auto first = passphrase->read_line(terminal.get(), "passphrase");
    say(terminal.get(), "\n");
    if (!first || prompt == Prompt::once) return finish(first);
    auto again = allocate();
    if (!again) return again;
    say(terminal.get(), "The same again: ");
    const auto second = again->read_line(terminal.get(), "passphrase");
    say(terminal.get(), "\n");
    if (!second) return std::unexpected(second.error());
    if (again->text() != passphrase->text()) return no_passphrase("passphrase", "they differ");
    return finish(first);
}

Passphrase::Passphrase(Passphrase&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Passphrase::~Passphrase() {
    sodium_free(memory_);
}

}  // namespace defib::signing
