// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A layout that is almost right is worse than none: offsets of the next build may differ by eight
// bytes. So the layout must be shown to be this kernel's before anything is bound to it.
//
//   banner      the build's own line, with compiler, build number and date
//   BTF digest  the types themselves, byte for byte; only a look may do without
//   init_task   its comm, its pid, and a task list that leads on and back, at the layout's offsets
//
// The build id in VMCOREINFO is not used: several stable kernels have garbage there (6.1.113-118,
// 6.6.55-62 and others).
#include "boot/find/kernel.h"
#include "layouts/artefact/identity.h"

namespace defib::boot {
namespace {

constexpr size_t MOST_BANNER = 1024;
constexpr size_t MOST_BTF = size_t{64} << 20;

}  // namespace

// Outside of the unnamed namespace: identity.h calls it a friend.
class IdentityProof {
  public:
    IdentityProof(const Target& target, const Kernel& kernel, const layouts::Layout& layout,
                  Access access)
        : target_(target),
          kernel_(kernel),
          layout_(layout),
          access_(access),
          memory_(kernel.window, kernel.map) {}

    Result<void> banner() {
        const auto at = symbol("linux_banner");
        if (!at || layout_.kernel.banner.empty()) return other("the layout has no banner");
        const std::string text = memory_.read_text(*at, MOST_BANNER);
        const std::string here = layouts::banner_at(as_bytes(text));
        if (here == layout_.kernel.banner) return {};
        return other(here.empty() ? "no banner where the layout has it"
                                  : "the kernel says '" + here + "'");
    }

    Result<void> btf() {
        const auto start = symbol("__start_BTF");
        const auto stop = symbol("__stop_BTF");
        if (layout_.kernel.btf_digest.empty() || !start || !stop) {
            if (access_ != Access::act) return {};
            return other("it has no digest of the types, or not their place, and this writes");
        }
        if (*stop <= *start || *stop - *start > MOST_BTF) return other("no BTF where it has it");
        if (layouts::digest_of(memory_.piece(*start, *stop - *start)) ==
            layout_.kernel.btf_digest) {
            return {};
        }
        return other("its type information has another digest");
    }

    Result<void> init_task() {
        const auto task = symbol("init_task");
        const auto comm = offset("task_struct", "comm");
        const auto pid = offset("task_struct", "pid");
        const auto tasks = offset("task_struct", "tasks");
        if (!task || !comm || !pid || !tasks) return other("it lacks init_task's fields");
        const std::string name = memory_.read_text(*task + *comm, 16);
        // init_idle() adds the CPU's number to INIT_TASK_COMM.
        if (name != "swapper" && name != "swapper/0") return other("init_task has another comm");
        if (memory_.read<uint32_t>(*task + *pid) != 0U) return other("init_task has another pid");
        const auto next = memory_.read<uint64_t>(*task + *tasks);
        const auto back = memory_.read<uint64_t>(next.value_or(0) + 8);
        if (!next || back != *task + *tasks) return other("init_task's list does not lead back");
        if (memory_.read<uint32_t>(*next - *tasks + *pid) != 1U) {
            return other("the first process is not number 1");
        }
        return {};
    }

    Identity proved() const { return {target_, access_}; }

  private:
    std::optional<uint64_t> symbol(const char* name) const {
        const auto found = layout_.symbols.find(name);
        if (found == layout_.symbols.end()) return std::nullopt;
        return address_of(kernel_, found->second);
    }

    std::optional<uint64_t> offset(const char* structure, const char* member) const {
        const auto found = layout_.structs.find(structure);
        if (found == layout_.structs.end()) return std::nullopt;
        for (const auto& one : found->second.members) {
            if (one.name == member) return one.offset;
        }
        return std::nullopt;
    }

    std::unexpected<Error> other(std::string what) const {
        return fail(DEFIB_ERROR_BOOT_OTHER_KERNEL, target_.name(),
                    "layout of " + layout_.kernel.release + ": " + std::move(what),
                    "the kernel here is " + kernel_.info.release() +
                        "; make its layout, or leave out --layout");
    }

    const Target& target_;
    const Kernel& kernel_;
    const layouts::Layout& layout_;
    Access access_;
    KernelMemory memory_;
};

Result<Identity> prove_identity(const Target& target, const Kernel& kernel,
                                const layouts::Layout& layout, Access access) {
    IdentityProof proof(target, kernel, layout, access);
    for (const auto step :
         {&IdentityProof::banner, &IdentityProof::btf, &IdentityProof::init_task}) {
        if (auto result = (proof.*step)(); !result) return std::unexpected(result.error());
    }
    return proof.proved();
}

}  // namespace defib::boot
