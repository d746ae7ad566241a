// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/process_image.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "boot/find/kernel_memory.h"
#include "boot/session/repair.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
// The kernel's own limit of mappings is 65530, and a machine's owner may raise it.
constexpr size_t MOST_AREAS = size_t{1} << 21;
constexpr size_t MOST_FILES = size_t{1} << 20;
constexpr size_t MOST_GROUPS = 65536;  // NGROUPS_MAX
constexpr uint32_t MOST_FPU_BYTES = 16384;
constexpr uint32_t LEAST_FPU_BYTES = 512;  // of FXSAVE

// As /proc/PID/fd shows what is in no folder.
std::string name_of_nowhere(const ImageFile& file) {
    switch (file.data.kind & S_IFMT) {
        case S_IFIFO:
            return fmt::format("pipe:[{}]", file.data.number);
        case S_IFSOCK:
            return fmt::format("socket:[{}]", file.data.number);
        default:
            return fmt::format("{}:[{}]", file.type, file.data.number);
    }
}

class Look {
  public:
    Look(Session& session, const DefibProcessRecord& who, const Mounts& mounts, FileNames& names)
        : session_(session), who_(who), mounts_(mounts), names_(names) {}

    Result<ProcessImage> look();

  private:
    // A view of the process, from one on where it has more than fits at once.
    Result<Seen> view(const char* name, const char* what, uint64_t from = 0);
    Result<void> look_at_process();
    Result<void> look_at_threads();
    Result<void> look_at_areas();
    Result<void> look_at_files();
    Result<void> look_at_signals();
    Result<void> look_at_groups();
    Result<void> find_names();
    void add_thread(const DefibImageThreadRecord& data, KernelMemory& memory);
    bool is_sound(const DefibImageAreaRecord& area) const;
    std::string path_to(const DefibPlace& place);

    Session& session_;
    const DefibProcessRecord& who_;
    const Mounts& mounts_;
    FileNames& names_;
    ProcessImage image_;
    std::map<std::pair<uint64_t, uint64_t>, std::string> paths_;
};

Result<Seen> Look::view(const char* name, const char* what, uint64_t from) {
    auto seen = session_.view(
        name, {}, std::array{who_.task, static_cast<uint64_t>(who_.pid), who_.start_ns, from});
    if (!seen) return seen;
    const DefibAnswer& answer = seen->answer;
    image_.doubts += gaps_in(answer, what);
    if (answer.death != DEFIB_DEATH_NONE && answer.torn == 0 && answer.incomplete == 0) {
        image_.doubts += fmt::format("Not all of its {} could be read ({} at {:#x}). ", what,
                                     reason_text(answer.death), answer.death_address);
    }
    return seen;
}

std::string Look::path_to(const DefibPlace& place) {
    const auto [known, is_new] = paths_.try_emplace({place.mount, place.dentry});
    if (!is_new) return known->second;
    const auto mount = mounts_.find(place.mount);
    const auto way =
        mount == mounts_.end() ? std::nullopt : names_.path_of(place.dentry, mount->second.root);
    if (!way) return {};
    std::string path = path_of(mounts_, mount->second, names_);
    if (path.empty()) return {};
    if (path == "/" && !way->empty()) path.clear();
    return known->second = way->empty() ? path : path + shown(*way);
}

Result<void> Look::look_at_process() {
    const auto seen = view("image", "bounds");
    if (!seen) return std::unexpected(seen.error());
    std::optional<DefibImageRecord> process;
    if (!seen->records.empty())
        process = seen->records.front().as<DefibImageRecord>(DEFIB_RECORD_IMAGE);
    if (!process || seen->answer.death != DEFIB_DEATH_NONE) {
        const uint32_t why = seen->answer.death;
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, std::to_string(who_.pid),
                    why == DEFIB_DEATH_NONE ? "it is gone" : reason_text(why));
    }
    image_.process = *process;
    return {};
}

// A name takes views of its own, and a view's records are good until the next one: so all names
// come last.
Result<void> Look::find_names() {
    image_.program = path_to(image_.process.program);
    image_.root = path_to(image_.process.root);
    image_.folder = path_to(image_.process.folder);
    for (ImageArea& area : image_.areas)
        if (area.data.file != 0) area.path = path_to(area.data.place);
    for (ImageFile& file : image_.files) {
        const auto mount = mounts_.find(file.data.place.mount);
        const bool is_nowhere = mount == mounts_.end() || mount->second.name_space == 0;
        file.path = is_nowhere ? name_of_nowhere(file) : path_to(file.data.place);
    }
    return {};
}

void Look::add_thread(const DefibImageThreadRecord& data, KernelMemory& memory) {
    ImageThread thread;
    thread.data = data;
    thread.comm = printable({data.comm, strnlen(data.comm, sizeof data.comm)});
    const bool is_there = thread.is(DEFIB_THREAD_HAS_FPU) && data.fpu_size >= LEAST_FPU_BYTES &&
                          data.fpu_size <= MOST_FPU_BYTES;
    if (is_there) thread.fpu.resize(data.fpu_size);
    if (!memory.read(data.fpu, thread.fpu.data(), thread.fpu.size())) thread.fpu.clear();
    image_.threads.push_back(std::move(thread));
}

Result<void> Look::look_at_threads() {
    const auto seen = view("image_thread", "threads");
    if (!seen) return std::unexpected(seen.error());
    KernelMemory memory(session_.kernel().window, session_.kernel().map);
    for (const SeenRecord& record : seen->records) {
        const auto one = record.as<DefibImageThreadRecord>(DEFIB_RECORD_IMAGE_THREAD);
        if (one) add_thread(*one, memory);
    }
    std::ranges::sort(image_.threads, {}, [&](const ImageThread& thread) {
        return std::tuple(thread.data.has_registers == 0, thread.data.pid != image_.process.pid,
                          thread.data.pid);
    });
    return {};
}

bool Look::is_sound(const DefibImageAreaRecord& area) const {
    const uint64_t before = image_.areas.empty() ? 0 : image_.areas.back().data.end;
    return area.first >= before && area.first < area.end &&
           (area.first | area.end) % PAGE_SIZE == 0;
}

Result<void> Look::look_at_areas() {
    for (uint64_t from = 0;;) {
        const auto seen = view("image_areas", "mappings", from);
        if (!seen) return std::unexpected(seen.error());
        const size_t before = image_.areas.size();
        for (const SeenRecord& record : seen->records) {
            const auto area = record.as<DefibImageAreaRecord>(DEFIB_RECORD_IMAGE_AREA);
            if (!area) continue;
            if (!is_sound(*area)) {
                image_.doubts += "A mapping is where none can be. ";
                return {};
            }
            from = area->end;
            image_.areas.push_back({*area, {}});
        }
        const size_t count = image_.areas.size() - before;
        if (count < DEFIB_AREAS_AT_ONCE) return {};
        if (image_.areas.size() > MOST_AREAS) {
            image_.doubts += "There are more mappings than a process can have. ";
            return {};
        }
    }
}

Result<void> Look::look_at_files() {
    for (uint64_t from = 0; image_.files.size() < MOST_FILES;) {
        const auto seen = view("image_files", "open files", from);
        if (!seen) return std::unexpected(seen.error());
        const size_t before = image_.files.size();
        for (const SeenRecord& record : seen->records) {
            const auto file = record.as<DefibImageFileRecord>(DEFIB_RECORD_IMAGE_FILE);
            if (!file) continue;
            from = uint64_t{file->descriptor} + 1;
            image_.files.push_back({*file, {}, printable({file->type, strnlen(file->type, 16)})});
        }
        if (image_.files.size() - before < DEFIB_FILES_OF_PROCESS_AT_ONCE) return {};
    }
    return {};
}

Result<void> Look::look_at_signals() {
    const auto seen = view("image_signals", "signal handlers");
    if (!seen) return std::unexpected(seen.error());
    for (const SeenRecord& record : seen->records) {
        const auto one = record.as<DefibImageSignalRecord>(DEFIB_RECORD_IMAGE_SIGNAL);
        if (one) image_.signals.push_back(*one);
    }
    return {};
}

Result<void> Look::look_at_groups() {
    while (image_.groups.size() < MOST_GROUPS) {
        const auto seen = view("image_groups", "groups", image_.groups.size());
        if (!seen) return std::unexpected(seen.error());
        if (seen->records.empty()) return {};
        const auto some =
            seen->records.front().as<DefibImageGroupsRecord>(DEFIB_RECORD_IMAGE_GROUPS);
        if (!some || some->count == 0 || some->count > DEFIB_GROUPS_AT_ONCE) return {};
        for (uint32_t i = 0; i < some->count; i++) image_.groups.push_back(some->gid[i]);
    }
    return {};
}

Result<ProcessImage> Look::look() {
    for (const auto part :
         {&Look::look_at_process, &Look::look_at_threads, &Look::look_at_areas,
          &Look::look_at_files, &Look::look_at_signals, &Look::look_at_groups, &Look::find_names}) {
        if (auto seen = (this->*part)(); !seen) return std::unexpected(seen.error());
    }
    return std::move(image_);
}

}  // namespace

Result<ProcessImage> look_at_process(Session& session, const DefibProcessRecord& who,
                                     const Mounts& mounts, FileNames& names) {
    return Look(session, who, mounts, names).look();
}

}  // namespace defib::boot
