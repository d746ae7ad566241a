// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the images do not hold of a process. What the machine lacks where they are restored, CRIU
// itself says there.
#include <fmt/format.h>

#include <algorithm>

#include "boot/restart/criu/images.h"
#include "boot/restart/rebuild.h"

namespace defib::boot::criu {
namespace {

class Search {
  public:
    explicit Search(const SavedProcess& process) : process_(process) {}

    void look_at_memory();
    void look_at_files();
    void look_at_threads();
    void look_at_rights();
    std::vector<Finding> finish();

  private:
    void add(const char* kind, std::string what, std::string instead) {
        found_.push_back({Weight::obstacle, kind, std::move(what), std::move(instead)});
    }
    void note(const char* kind, std::string what) {
        found_.push_back({Weight::note, kind, std::move(what), ""});
    }
    void look_at(const SavedMapping& mapping);
    void look_at(const SavedDescriptor& file);
    void look_at(const SavedThread& thread);

    const SavedProcess& process_;
    std::vector<Finding> found_;
};

void Search::look_at(const SavedMapping& mapping) {
    const std::string where = fmt::format(
        "{} at {:#x}", mapping.path.size() > 1 ? mapping.path : "memory", mapping.range.first);
    const Mapped what = mapped(process_, mapping);
    if (what == Mapped::nothing) return add("devices", where + ": a device's", "nothing is there");
    if (what == Mapped::kernels_code || what == Mapped::kernels_data) return;
    if (mapping.is(VM_HUGETLB))
        add("missing-memory", where + ": huge pages are not in a core", "small ones, zeros");
    if (mapping.is(VM_USERFAULT))
        add("other-files", where + ": its faults are another's to handle", "zeros");
    if (mapping.is(VM_PROTECTION_KEY))
        add("protection-keys", where + ": it has a protection key", "none");
    if (mapping.is(VM_MAYSHARE) && what == Mapped::memory)
        add("shared-memory", where + ": others may have it too",
            "memory of its own, with what the core has");
    if (mapping.is_deleted && !mapping.is(VM_MAYSHARE))
        add("missing-files", where + ": the file is deleted", "memory of its own");
    if (mapping.is(VM_MAYSHARE) && mapping.is(VM_WRITE) && what == Mapped::file)
        add("changed-files",
            where +
                ": what the process wrote there, and no disk has, is not put "
                "back into the file",
            "the file as it is");
}

void Search::look_at_memory() {
    uint64_t bytes = 0;
    for (const SavedRange& one : process_.missing) bytes += one.size();
    if (bytes != 0)
        add("missing-memory",
            fmt::format("{} KB are not in the core: in the swap, or moved while they were copied",
                        bytes / 1024),
            "zeros, or what the mapped file has");
    for (const SavedMapping& one : process_.mappings) look_at(one);
}

void Search::look_at(const SavedDescriptor& file) {
    const std::string who = fmt::format("open file {}, {}", file.descriptor, file.path);
    const FileIs is = file_is(process_, file);
    if (is == FileIs::standard) return note("standard-files", who + ": /dev/null takes its place");
    if (is == FileIs::reopened) return;
    constexpr const char* FREE = "its number stays free";
    if (file.is_deleted) return add("missing-files", who + ": it is deleted", FREE);
    if (file.kind == "pipe") return add("pipes", who + ": what is in it is not known", FREE);
    if (file.kind == "socket") return add("sockets", who + ": its connection is gone", FREE);
    if (file.kind == "device") return add("devices", who + ": its state is not known", FREE);
    add("other-files", who + ": it is none that can be opened again", FREE);
}

void Search::look_at_files() {
    for (const SavedDescriptor& one : process_.files) look_at(one);
}

void Search::look_at(const SavedThread& thread) {
    const std::string who = fmt::format("thread {}: ", thread.tid);
    if (thread.registers_are != "saved")
        add("stale-registers", who + "its registers are " + thread.registers_are,
            "it goes on from there");
    if (thread.fpu.empty())
        add("stale-registers", who + "its vector registers were not in memory",
            "those of a new process");
    else if (thread.fpu_is != "saved")
        add("vector-registers", who + "of its vector registers is in the core: " + thread.fpu_is,
            "the others are zero");
    if (registers_left_out(thread) != 0)
        add("vector-registers",
            fmt::format("{}the images have no place for its registers of kinds {:#x}", who,
                        registers_left_out(thread)),
            "they are zero");
    if (thread.system_call_filter != 0)
        add("filters", who + "its system calls were filtered (seccomp)", "they are not");
    if (thread.has_no_new_rights)
        add("rights", who + "it had given up to gain rights (no_new_privs)", "it may again");
    const GoesOn goes = goes_on(process_, thread);
    if (goes.is_doubtful) add("stale-registers", goes.told, "it may be done twice");
    if (!goes.is_doubtful && !goes.told.empty()) note("interrupted-calls", goes.told);
}

void Search::look_at_threads() {
    if (process_.threads.front().tid != process_.pid)
        found_.push_back({Weight::never, "",
                          "its first thread had ended, or has no registers: CRIU begins with it",
                          ""});
    if (process_.threads_left_out != 0)
        add("ended-threads",
            fmt::format("{} threads have no registers in the core", process_.threads_left_out),
            "they are left out");
    for (const SavedThread& one : process_.threads) look_at(one);
    if (process_.has_other_timers)
        add("timers", "it has timers (timer_create(), ITIMER_VIRTUAL or ITIMER_PROF)",
            "they are gone");
    if (process_.has_real_timer)
        add("timers", "an alarm was set; when it was due is not known",
            process_.real_timer_interval_ns != 0 ? "its interval begins again"
                                                 : "it does not come");
}

void Search::look_at_rights() {
    constexpr size_t AMBIENT = 4;
    if (process_.capabilities[AMBIENT] != 0)
        add("rights", "the images have no place for rights that a program inherits (ambient)",
            "none");
    if (process_.has_name_spaces)
        add("name-spaces", "it had name spaces of its own: a container's, or a service's",
            "those of criu restore");
    note("surroundings",
         "it begins a session of its own; parent, CPUs, control group and OOM score are those of "
         "criu restore; file locks, if it held any, are not taken again");
    if (process_.pending != 0)
        note("signals", "signals waited for it: they come without what was known of who sent them");
}

std::vector<Finding> Search::finish() {
    std::vector<Finding> all;
    for (const Weight weight : {Weight::never, Weight::obstacle, Weight::note})
        std::ranges::copy_if(found_, std::back_inserter(all),
                             [&](const Finding& one) { return one.weight == weight; });
    return all;
}

}  // namespace

std::vector<Finding> find_all(const SavedProcess& process) {
    Search search(process);
    search.look_at_memory();
    search.look_at_files();
    search.look_at_threads();
    search.look_at_rights();
    return search.finish();
}

}  // namespace defib::boot::criu
