// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The file, 64 bytes: "DEFIBCNT", format (u32) 1, zero (u32), the two counters (u64 each), and the
// digest of those 32 bytes, keyed with the machine's identity.
#include "signing/file_counter.h"

#include <array>

#include "signing/bytes.h"
#include "signing/durable_file.h"

namespace defib::signing {
namespace {

constexpr std::string_view MAGIC = "DEFIBCNT";
constexpr std::string_view PERSONAL = "defib.counter.1";
constexpr uint32_t FORMAT = 1;
constexpr size_t BODY_BYTES = 32;

using Values = std::array<uint64_t, COUNTERS>;

Digest seal(const Digest& machine, Bytes body) {
    return keyed_digest(PERSONAL, bytes_of(machine), body);
}

Result<void> write_values(const std::filesystem::path& path, const Digest& machine,
                          const Values& values) {
    ByteWriter writer;
    writer.text(MAGIC);
    writer.u32(FORMAT);
    writer.zeros(4);
    for (const uint64_t value : values) writer.u64(value);
    std::string content = writer.take();
    content += as_text(bytes_of(seal(machine, as_bytes(content))));
    return write_durably(path, content);
}

Result<Values> read_values(const std::filesystem::path& path, const Digest& machine) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return fail(DEFIB_ERROR_SIGNING_COUNTER_MISSING, path.string(), "",
                    "a new machine gets it from defib key trust --first; on any other, somebody "
                    "deleted it");
    }
    const auto content =
        read_at_most(path, BODY_BYTES + sizeof(Digest), DEFIB_ERROR_SIGNING_COUNTER_DAMAGED);
    if (!content) return std::unexpected(content.error());
    ByteReader reader(as_bytes(*content));
    const Bytes body = reader.take(BODY_BYTES);
    const Bytes digest = reader.take(sizeof(Digest));
    const Digest expected = seal(machine, body);
    if (!is_accepted(compare(digest, bytes_of(expected)))) {
        return fail(DEFIB_ERROR_SIGNING_COUNTER_DAMAGED, path.string(),
                    "damaged, or copied from another machine",
                    "restore this machine's own file, or set the machine up anew");
    }
    ByteReader fields(body);
    if (as_text(fields.take(MAGIC.size())) != MAGIC || fields.u32() != FORMAT ||
        !fields.take_zeros(4)) {
        return fail(DEFIB_ERROR_SIGNING_COUNTER_DAMAGED, path.string(), "of another defib");
    }
    Values values{};
    for (uint64_t& value : values) value = fields.u64();
    return values;
}

class FileCounters final : public CounterStore {
  public:
    FileCounters(std::filesystem::path path, const Digest& machine)
        : path_(std::move(path)), machine_(machine) {}

    // Read from the file each time: another process may have advanced it.
    Result<uint64_t> read(Counter counter) override {
        const auto values = read_values(path_, machine_);
        if (!values) return std::unexpected(values.error());
        return (*values)[size_t(counter)];
    }

    Result<void> advance(Counter counter, uint64_t to) override {
        auto values = read_values(path_, machine_);
        if (!values) return std::unexpected(values.error());
        uint64_t& value = (*values)[size_t(counter)];
        if (to <= value) return {};
        value = to;
        return write_values(path_, machine_, *values);
    }

    std::string where(Counter) const override { return path_.string(); }

  private:
    std::filesystem::path path_;
    Digest machine_;
};

}  // namespace

Result<Digest> read_machine_identity(const std::filesystem::path& root) {
    constexpr size_t MOST = 4096;
    auto id = read_at_most(root / "etc/machine-id", MOST, DEFIB_ERROR_BASE_CANNOT_READ);
    if (!id) {
        id.error().advice = "systemd-machine-id-setup makes one";
        return std::unexpected(id.error());
    }
    // Virtual machines may have no such entry, and only root may read it.
    const auto product =
        read_at_most(root / "sys/class/dmi/id/product_uuid", MOST, DEFIB_ERROR_BASE_CANNOT_READ);
    if (product) *id += *product;
    return digest("defib.machine.1", as_bytes(*id));
}

Result<void> provision_file_counters(const std::filesystem::path& path, const Digest& machine) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        const auto values = read_values(path, machine);
        if (!values) return std::unexpected(values.error());
        return {};
    }
    return write_values(path, machine, {});
}

Result<std::unique_ptr<CounterStore>> open_file_counters(const std::filesystem::path& path,
                                                         const Digest& machine) {
    if (auto values = read_values(path, machine); !values) return std::unexpected(values.error());
    return std::make_unique<FileCounters>(path, machine);
}

}  // namespace defib::signing
