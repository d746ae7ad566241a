// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "image/build.h"
#include "image/show.h"
#include "image/verify.h"
#include "signing/durable_file.h"
#include "signing/signer_options.h"
#include "signing/trust_store.h"

namespace defib::image {
namespace {

struct PartName {
    const PartKind* kind = nullptr;
    std::string name;
};

// "layout-json:6.12.0-1"
Result<PartName> read_part_name(const std::string& text) {
    const size_t colon = std::min(text.find(':'), text.size());
    PartName out;
    out.kind = find_kind(std::string_view(text).substr(0, colon));
    if (colon < text.size()) out.name = text.substr(colon + 1);
    if (out.kind) return out;
    std::string known;
    for (const PartKind& kind : PART_KINDS) known += " " + std::string(kind.name);
    return fail(DEFIB_ERROR_BASE_USAGE, text, "no type of part", "the types are:" + known);
}

struct BuildWish {
    std::filesystem::path out;
    std::string version;
    uint64_t security_counter = 0;
    uint64_t source_date = 0;
    uint64_t key_set_version = 1;
    std::vector<std::string> targets;
    std::vector<std::string> parts;
};

Result<int> build_image(const BuildWish& wish) {
    std::vector<MappedFile> files;
    std::vector<PartSource> parts;
    for (const std::string& text : wish.parts) {
        const size_t at = text.find('=');
        if (at == std::string::npos) {
            return fail(DEFIB_ERROR_BASE_USAGE, text, "it is TYPE=FILE or TYPE:NAME=FILE");
        }
        auto part = read_part_name(text.substr(0, at));
        if (!part) return std::unexpected(part.error());
        auto file = MappedFile::open(text.substr(at + 1));
        if (!file) return std::unexpected(file.error());
        parts.push_back({part->kind->type, std::move(part->name), file->bytes()});
        files.push_back(std::move(*file));
    }
    Attributes attributes;
    attributes.version = wish.version;
    attributes.security_counter = wish.security_counter;
    attributes.source_date = wish.source_date;
    attributes.key_set_version = wish.key_set_version;
    for (const std::string& target : wish.targets) {
        if (!attributes.targets.push_back(target)) {
            return fail(DEFIB_ERROR_BASE_USAGE, target, "16 targets are the most");
        }
    }
    const auto image = build(attributes, std::move(parts), wish.out.string());
    if (!image) return std::unexpected(image.error());
    if (auto written = write_atomically(wish.out, *image); !written) {
        return std::unexpected(written.error());
    }
    return DEFIB_EXIT_DONE;
}

Action declare_build(CLI::App& options) {
    const auto wish = std::make_shared<BuildWish>();
    options.add_option("-o,--out", wish->out, "the image")->required();
    options.add_option("--version", wish->version, "for people")->required();
    options
        .add_option("--security-counter", wish->security_counter,
                    "raise it when older images must no longer start")
        ->check(CLI::NonNegativeNumber)
        ->required();
    options
        .add_option("--source-date", wish->source_date,
                    "seconds since 1970 of the source's last change")
        ->check(CLI::NonNegativeNumber)
        ->envname("SOURCE_DATE_EPOCH")
        ->required();
    options
        .add_option("--key-set-version", wish->key_set_version,
                    "the oldest key set that may judge this image")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    options.add_option("--target", wish->targets, "vendor/model/board; * stands for any")
        ->required();
    options.add_option("--part", wish->parts, "TYPE=FILE or TYPE:NAME=FILE")->required();
    return [wish] { return build_image(*wish); };
}

Action declare_sign(CLI::App& options) {
    struct Given {
        std::filesystem::path file;
        std::filesystem::path out;
        signing::SignerOptions signer;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("IMAGE", given->file, "the image")->required();
    options.add_option("-o,--out", given->out, "the signed image (default: in place)");
    given->signer.declare(options);
    return [given]() -> Result<int> {
        const std::string object = given->file.string();
        const auto file = read_image(given->file);
        if (!file) return std::unexpected(file.error());
        const auto image = parse(as_bytes(*file), object);
        if (!image) return std::unexpected(image.error());
        const auto entry = given->signer.sign(bytes_to_sign(*image));
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) return DEFIB_EXIT_DONE;
        const auto with = attach_signature(as_bytes(*file), **entry, object);
        if (!with) return std::unexpected(with.error());
        const auto& out = given->out.empty() ? given->file : given->out;
        if (auto written = write_atomically(out, *with); !written) {
            return std::unexpected(written.error());
        }
        return DEFIB_EXIT_DONE;
    };
}

struct VerifyWish {
    std::filesystem::path file;
    std::filesystem::path key_set;
    std::filesystem::path state = "/var/lib/defib";
    uint64_t least_counter = 0;
    std::string target;
    uint64_t max_age_days = 0;
    bool as_json = false;
};

// What to trust: a key set named here, or what this machine remembers.
Result<signing::KeySet> find_trusted(const VerifyWish& wish, uint64_t& least_counter) {
    if (wish.key_set.empty()) {
        const auto store = signing::TrustStore::open(wish.state);
        if (!store) return std::unexpected(store.error());
        const auto least = store->least_security_counter();
        if (!least) return std::unexpected(least.error());
        least_counter = std::max(least_counter, *least);
        return store->key_set();
    }
    const auto bytes = signing::read_at_most(wish.key_set, signing::MOST_KEY_SET_BYTES,
                                             DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED);
    if (!bytes) return std::unexpected(bytes.error());
    const auto set = signing::read_key_set(as_bytes(*bytes), wish.key_set.string());
    if (!set) return set;
    if (auto ok = signing::check_self_signed(*set, wish.key_set.string()); !ok) {
        return std::unexpected(ok.error());
    }
    return set;
}

Result<int> verify_image(const VerifyWish& wish) {
    VerifyRequest request{.least_security_counter = wish.least_counter};
    const auto trusted = find_trusted(wish, request.least_security_counter);
    if (!trusted) return std::unexpected(trusted.error());
    request.trusted = &*trusted;
    auto machine = wish.target.empty() ? read_machine_target() : read_target_id(wish.target);
    if (!machine) return std::unexpected(machine.error());
    request.machine = std::move(*machine);
    if (wish.max_age_days != 0) request.oldest_source_date = oldest_date(wish.max_age_days);
    auto file = read_image(wish.file);
    if (!file) return std::unexpected(file.error());
    const auto image = verify(std::move(*file), request, wish.file.string());
    if (!image) return std::unexpected(image.error());
    print_verified(*image, *trusted, wish.as_json ? Form::json : Form::text);
    return DEFIB_EXIT_DONE;
}

Action declare_verify(CLI::App& options) {
    const auto wish = std::make_shared<VerifyWish>();
    options.add_option("IMAGE", wish->file, "the image")->required();
    auto* set = options.add_option("--key-set", wish->key_set, "trust this key set");
    options.add_option("--state", wish->state, "or what this machine remembers")
        ->capture_default_str()
        ->excludes(set);
    options
        .add_option("--least-counter", wish->least_counter, "refuse a security counter below this")
        ->check(CLI::NonNegativeNumber);
    options.add_option("--target", wish->target, "vendor/model/board (default: this machine)");
    options.add_option("--max-age-days", wish->max_age_days, "refuse older source dates")
        ->check(CLI::Range(1, MOST_AGE_DAYS));
    options.add_flag("--json", wish->as_json, "for programs");
    return [wish] { return verify_image(*wish); };
}

Action declare_show(CLI::App& options) {
    struct Given {
        std::filesystem::path file;
        std::string part;
        std::filesystem::path out;
        bool as_json = false;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("IMAGE", given->file, "the image; nothing is verified")->required();
    auto* part = options.add_option("--part", given->part, "take this one out: TYPE or TYPE:NAME");
    auto* out = options.add_option("-o,--out", given->out, "where to");
    part->needs(out);
    out->needs(part);
    options.add_flag("--json", given->as_json, "for programs");
    return [given]() -> Result<int> {
        const auto file = read_image(given->file);
        if (!file) return std::unexpected(file.error());
        const auto image = parse(as_bytes(*file), given->file.string());
        if (!image) return std::unexpected(image.error());
        if (given->part.empty()) {
            print_image(*image, given->as_json ? Form::json : Form::text);
            return DEFIB_EXIT_DONE;
        }
        const auto wanted = read_part_name(given->part);
        if (!wanted) return std::unexpected(wanted.error());
        const PartView* found = image->find(wanted->kind->type, wanted->name);
        if (!found) {
            return fail(DEFIB_ERROR_BASE_USAGE, given->file.string(),
                        "it has no part " + given->part, "without --part all of them are listed");
        }
        if (auto ok = write_atomically(given->out, as_text(found->content)); !ok) {
            return std::unexpected(ok.error());
        }
        return DEFIB_EXIT_DONE;
    };
}

constexpr Command COMMANDS[] = {
    {"image", "build", "put parts into an image, always the same bytes", declare_build},
    {"image", "sign", "sign an image, here or with an HSM", declare_sign},
    {"image", "verify", "may this image run on this machine", declare_verify},
    {"image", "show", "what is in an image", declare_show},
};

}  // namespace

std::span<const Command> commands() {
    return COMMANDS;
}

}  // namespace defib::image
