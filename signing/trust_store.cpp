// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The folder: `keys` (a key set), `counters` (of file_counter.h, if there is no TPM),
// `counter-store` ("file" or "tpm " and how to reach it), `running` (the keys that the healthy
// image was verified with).
#include "signing/trust_store.h"

#include "signing/bytes.h"
#include "signing/durable_file.h"
#include "signing/file_counter.h"
#include "signing/tpm_counter.h"

namespace defib::signing {
namespace {

constexpr std::string_view RUNNING_MAGIC = "DEFIBRUN";
constexpr std::string_view IN_FILE = "file\n";
constexpr std::string_view IN_TPM = "tpm ";

Result<std::unique_ptr<CounterStore>> open_counters(const std::filesystem::path& folder,
                                                    const std::filesystem::path& root) {
    const auto store = folder / "counter-store";
    auto choice = read_at_most(store, 4096, DEFIB_ERROR_SIGNING_COUNTER_DAMAGED);
    if (!choice) {
        return fail(DEFIB_ERROR_SIGNING_COUNTER_MISSING, folder.string(),
                    "this machine trusts no key set yet", "run defib key trust --first");
    }
    if (*choice == IN_FILE) {
        const auto machine = read_machine_identity(root);
        if (!machine) return std::unexpected(machine.error());
        return open_file_counters(folder / "counters", *machine);
    }
    if (choice->starts_with(IN_TPM) && choice->ends_with('\n')) {
        choice->pop_back();
        return open_tpm_counters(choice->substr(IN_TPM.size()));
    }
    return fail(DEFIB_ERROR_SIGNING_COUNTER_DAMAGED, store.string(), "it names no store");
}

Result<void> provision_counters(const TrustSetup& setup) {
    if (!setup.tcti.empty()) return provision_tpm_counters(setup.tcti, setup.owner_secret);
    const auto machine = read_machine_identity(setup.root);
    if (!machine) return std::unexpected(machine.error());
    return provision_file_counters(setup.folder / "counters", *machine);
}

}  // namespace

Result<TrustStore> TrustStore::install(const TrustSetup& setup, Bytes key_set,
                                       const std::string& object) {
    const auto set = read_key_set(key_set, object);
    if (!set) return std::unexpected(set.error());
    if (auto ok = check_self_signed(*set, object); !ok) return std::unexpected(ok.error());
    std::error_code error;
    if (std::filesystem::exists(setup.folder / "keys", error)) {
        return fail(DEFIB_ERROR_SIGNING_ALREADY_TRUSTS, setup.folder.string(), "",
                    "a newer key set is adopted without --first");
    }
    std::filesystem::create_directories(setup.folder, error);
    if (error) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, setup.folder.string(), error.message());
    }
    if (auto ok = provision_counters(setup); !ok) return std::unexpected(ok.error());
    const std::string choice =
        setup.tcti.empty() ? std::string(IN_FILE) : std::string(IN_TPM) + setup.tcti + "\n";
    if (auto ok = write_durably(setup.folder / "counter-store", choice); !ok) {
        return std::unexpected(ok.error());
    }
    auto counters = open_counters(setup.folder, setup.root);
    if (!counters) return std::unexpected(counters.error());
    if (auto can = (*counters)->check_reach(Counter::key_set, set->version); !can) {
        return std::unexpected(can.error());
    }
    counters->reset();  // one at a time has a TPM
    // Last: with this file the machine counts as set up.
    if (auto ok = write_durably(setup.folder / "keys", std::string(as_text(key_set))); !ok) {
        return std::unexpected(ok.error());
    }
    auto store = open(setup.folder, setup.root);
    if (!store) return store;
    if (auto ok = store->counters().advance(Counter::key_set, set->version); !ok) {
        return std::unexpected(ok.error());
    }
    return store;
}

Result<TrustStore> TrustStore::open(const std::filesystem::path& folder,
                                    const std::filesystem::path& root) {
    auto counters = open_counters(folder, root);
    if (!counters) return std::unexpected(counters.error());
    const auto path = folder / "keys";
    const auto bytes =
        read_at_most(path, MOST_KEY_SET_BYTES, DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED);
    if (!bytes) return std::unexpected(bytes.error());
    const auto set = read_key_set(as_bytes(*bytes), path.string());
    if (!set) return std::unexpected(set.error());
    if (auto ok = check_self_signed(*set, path.string()); !ok) return std::unexpected(ok.error());
    const auto least = (*counters)->read(Counter::key_set);
    if (!least) return std::unexpected(least.error());
    if (set->version < *least) {
        return fail(DEFIB_ERROR_SIGNING_STALE_KEY_SET, path.string(),
                    "version " + std::to_string(set->version) + ", and version " +
                        std::to_string(*least) + " was trusted here before",
                    "somebody put back an old file; fetch the vendor's newest key set");
    }
    return TrustStore(folder, *set, std::move(*counters));
}

Result<std::optional<RunningImage>> TrustStore::read_running() const {
    const auto path = folder_ / "running";
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return std::nullopt;
    const auto bytes = read_at_most(path, 1024, DEFIB_ERROR_SIGNING_COUNTER_DAMAGED);
    if (!bytes) return std::unexpected(bytes.error());
    ByteReader reader(as_bytes(*bytes));
    RunningImage running;
    const bool is_ours = as_text(reader.take(RUNNING_MAGIC.size())) == RUNNING_MAGIC;
    running.security_counter = reader.u64();
    const uint32_t count = reader.u32();
    for (uint32_t i = 0; i < count && reader.is_whole(); ++i) {
        if (!running.verified_with.push_back(reader.take_array<32>())) break;
    }
    if (!is_ours || !reader.is_whole() || !reader.rest().empty()) {
        return fail(DEFIB_ERROR_SIGNING_COUNTER_DAMAGED, path.string(), "",
                    "it is written again when an image is found healthy; remove it");
    }
    return running;
}

Result<void> TrustStore::adopt(Bytes key_set, const std::string& object) {
    const auto candidate = read_key_set(key_set, object);
    if (!candidate) return std::unexpected(candidate.error());
    const auto running = read_running();
    if (!running) return std::unexpected(running.error());
    if (auto ok = check_successor(key_set_, *candidate, *running, object); !ok) return ok;
    if (auto can = counters_->check_reach(Counter::key_set, candidate->version); !can) return can;
    if (auto ok = write_durably(folder_ / "keys", std::string(as_text(key_set))); !ok) return ok;
    key_set_ = *candidate;
    return counters_->advance(Counter::key_set, candidate->version);
}

Result<void> TrustStore::check_confirmable(const RunningImage& running) const {
    return counters_->check_reach(Counter::image, running.security_counter);
}

Result<void> TrustStore::confirm(const RunningImage& running) {
    ByteWriter writer;
    writer.text(RUNNING_MAGIC);
    writer.u64(running.security_counter);
    writer.u32(uint32_t(running.verified_with.size()));
    for (const PublicKey& key : running.verified_with) writer.array(key);
    if (auto ok = write_durably(folder_ / "running", writer.take()); !ok) return ok;
    return counters_->advance(Counter::image, running.security_counter);
}

}  // namespace defib::signing
