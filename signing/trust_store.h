// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What one machine trusts: a folder with the key set, the way to the counters, and what is known of
// the image that runs.
//
// Order of writes. A new key set is written before its version is counted, and a healthy image's
// keys before its security counter: cut off in between, the machine trusts what is new and could
// still fall back. The other way round it would refuse what it has and have nothing else.
#ifndef DEFIB_SIGNING_TRUST_STORE_H
#define DEFIB_SIGNING_TRUST_STORE_H

#include <filesystem>
#include <memory>
#include <string>

#include "signing/counter.h"
#include "signing/trust.h"

namespace defib::signing {

// -Wmissing-designated-field-initializers wants an initializer for each field.
// NOLINTBEGIN(readability-redundant-member-init)
struct TrustSetup {
    std::filesystem::path folder = {};
    std::string tcti = {};             // of a TPM; empty: counters in a file
    std::string owner_secret = {};     // the TPM's owner authorisation
    std::filesystem::path root = "/";  // where the machine's identity is read
};
// NOLINTEND(readability-redundant-member-init)

class TrustStore {
  public:
    // The machine's first key set. Nobody can vouch for it but whoever installs the machine.
    static Result<TrustStore> install(const TrustSetup& setup, Bytes key_set,
                                      const std::string& object);

    // Refuses a key set that is older than the counter says.
    static Result<TrustStore> open(const std::filesystem::path& folder,
                                   const std::filesystem::path& root = "/");

    const KeySet& key_set() const { return key_set_; }
    CounterStore& counters() const { return *counters_; }
    Result<uint64_t> least_security_counter() const { return counters_->read(Counter::image); }

    // A newer key set takes the place of the trusted one.
    Result<void> adopt(Bytes key_set, const std::string& object);

    // The image that runs was found healthy: nothing older runs here from now on, and no key set
    // may take away the keys that it was verified with.
    Result<void> confirm(const RunningImage& running);
    // Whether that could be counted here: what never can be confirmed need not be started.
    Result<void> check_confirmable(const RunningImage& running) const;

  private:
    TrustStore(std::filesystem::path folder, KeySet key_set, std::unique_ptr<CounterStore> counters)
        : folder_(std::move(folder)), key_set_(key_set), counters_(std::move(counters)) {}

    Result<std::optional<RunningImage>> read_running() const;

    std::filesystem::path folder_;
    KeySet key_set_;
    std::unique_ptr<CounterStore> counters_;
};

}  // namespace defib::signing

#endif
