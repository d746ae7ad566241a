// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Passphrases: from the terminal, from a file, or from an open descriptor. Never from the command
// line or the environment, which other processes can read.
#ifndef DEFIB_SIGNING_PASSPHRASE_H
#define DEFIB_SIGNING_PASSPHRASE_H

#include <filesystem>
#include <string_view>

#include "engine/base/result.h"

namespace defib::signing {

// -Wmissing-designated-field-initializers wants an initializer for each field.
// NOLINTBEGIN(readability-redundant-member-init)
// Neither of the two: the terminal.
struct PassphraseSource {
    std::filesystem::path file = {};  // its first line
    int fd = -1;                      // likewise
};
// NOLINTEND(readability-redundant-member-init)

enum class Prompt : uint8_t {
    once,
    twice,  // for a new key: a typing mistake would lose it
};

// In locked memory, wiped when it goes.
class Passphrase {
  public:
    static Result<Passphrase> read(const PassphraseSource& source, Prompt prompt,
                                   const std::string& what_for);
    static Result<Passphrase> from_text(std::string_view text);

    Passphrase(Passphrase&& other) noexcept;
    Passphrase& operator=(Passphrase&&) = delete;
    Passphrase(const Passphrase&) = delete;
    Passphrase& operator=(const Passphrase&) = delete;
    ~Passphrase();

    std::string_view text() const { return {memory_, size_}; }

  private:
    Passphrase(char* memory, size_t size) : memory_(memory), size_(size) {}
    static Result<Passphrase> allocate();
    Result<void> read_line(int fd, const std::string& object);

    char* memory_;
    size_t size_;
};

}  // namespace defib::signing

#endif
