// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys and key sets for tests. The seeds are known to everybody.
#ifndef DEFIB_SIGNING_TESTING_H
#define DEFIB_SIGNING_TESTING_H

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "signing/key_set.h"

namespace defib::signing::testing {

// "root-1" and "image-a" are the same keys in every test.
inline SecretKey key(std::string_view name) {
    return *SecretKey::from_seed(digest("defib.test.key", as_bytes(name)));
}

inline KeyEntry entry(std::string_view name) {
    KeyEntry entry;
    entry.key = key(name).public_key();
    EXPECT_TRUE(set_name(entry, name));
    return entry;
}

struct KeySetWish {
    uint64_t version = 1;
    std::vector<std::string> roots = {"root-1", "root-2", "root-3"};
    std::vector<std::string> images = {"image-a"};
    // -Wmissing-designated-field-initializers wants an initializer for each field.
    std::vector<std::string> revoked = {};  // NOLINT(readability-redundant-member-init)
    uint32_t root_threshold = 2;
    uint32_t image_threshold = 1;
    std::vector<std::string> signers = {"root-1", "root-2"};
};

inline void sign(KeySet& set, const std::vector<std::string>& signers) {
    for (const std::string& name : signers) {
        const SecretKey secret = key(name);
        ASSERT_TRUE(add_signature(set.signatures,
                                  {secret.public_key(), secret.sign(bytes_to_sign(set))}, "test"));
    }
}

inline KeySet make(const KeySetWish& wish) {
    KeySet set;
    set.version = wish.version;
    set.root_threshold = wish.root_threshold;
    set.image_threshold = wish.image_threshold;
    for (const auto& name : wish.roots) set.roots.push_back(entry(name));
    for (const auto& name : wish.images) set.images.push_back(entry(name));
    for (const auto& name : wish.revoked) set.revoked.push_back(key(name).public_key());
    EXPECT_TRUE(serialise(set, "test"));
    sign(set, wish.signers);
    return set;
}

inline std::string file_of(KeySet set) {
    return serialise(set, "test").value_or("");
}

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "defib-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace defib::signing::testing

// Two lines, so that a failure shows what was said instead.
#define EXPECT_REFUSED(result, expected_code)                        \
    do {                                                             \
        const auto& outcome = (result);                              \
        ASSERT_FALSE(outcome.has_value());                           \
        EXPECT_EQ(outcome.error().code, DEFIB_ERROR_##expected_code) \
            << defib::to_line(outcome.error());                      \
    } while (false)
#define ASSERT_DONE(result)                                                  \
    do {                                                                     \
        const auto& outcome = (result);                                      \
        ASSERT_TRUE(outcome.has_value()) << defib::to_line(outcome.error()); \
    } while (false)

#endif
