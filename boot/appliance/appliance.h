// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The second half of a start: from a verified image to an engine that watches, and what is left
// afterwards of the process that started it. Each step trusts only what the ones before have
// proved; up to `start` nothing can be written into the target, and a step that fails ends it all.
#ifndef DEFIB_BOOT_APPLIANCE_APPLIANCE_H
#define DEFIB_BOOT_APPLIANCE_APPLIANCE_H

#include <memory>
#include <optional>

#include "boot/appliance/admission.h"
#include "boot/appliance/journal_file.h"
#include "boot/appliance/relay.h"
#include "boot/backend/cuda/gpu_process.h"
#include "boot/backend/twin/twin_process.h"
#include "boot/binder/policy_file.h"
#include "boot/find/kernel.h"
#include "boot/journal/reader.h"
#include "boot/metrics/post.h"
#include "boot/notices/teller.h"
#include "boot/remote/service.h"
#include "boot/session/session.h"

namespace defib::boot {

class Appliance {
  public:
    // All stages up to the seal, in order. Nothing: the self-test was all that was asked for.
    static Result<std::unique_ptr<Appliance>> start(const Options& options, const Stages& stages,
                                                    const EventLog& log);

    // After this the process can do nothing but supervise().
    Result<void> seal(const Stages& stages);

    // Until somebody wants it to stop (DEFIB_EXIT_DONE) or the engine ends. Allocates nothing.
    int supervise(const Stages& stages);

  private:
    Appliance(const Options& options, const EventLog& log) : options_(options), log_(&log) {}

    Result<void> open_told(std::string& said);
    Result<void> open_remote(std::string& said);
    Result<void> start_answerer(std::string& said);
    std::unique_ptr<Session> session_of_answerer();
    Result<void> seal_answerer() const;
    int answer_remotes();
    JournalNames names_of_policy(const Manifest& manifest) const;
    Result<void> claim(std::string& said);
    Result<void> claim_gpu(std::string& said);
    Result<void> claim_twin(std::string& said);
    Result<void> self_test(std::string& said);
    Result<void> map(std::string& said);
    Result<void> find(std::string& said);
    Result<void> read_layout();
    Result<void> prove(std::string& said);
    Result<void> bind_routines(std::string& said);
    Result<void> load_policy(std::string& said);
    Result<std::optional<PolicyFile>> ready_policy(std::string& said) const;
    Result<PolicyFile> compile_policy() const;
    Result<void> prepare(std::string& said);
    Result<void> launch(std::string& said);
    Result<void> launch_gpu(std::string& said);
    std::string show_hook();
    Result<void> launch_twin(std::string& said);
    Result<void> confirm(std::string& said);
    Result<void> close(const seal::Files& files, std::span<const seal::Allowance> allowances);

    Access access() const;
    int engine_pidfd() const { return gpu_ ? gpu_->pidfd() : process_->pidfd(); }
    bool has_stopped() const;
    int stop();
    int engine_ended();
    bool drain();
    void introduce_told();
    void tell(const DefibJournalEntry& entry, uint64_t lost);
    void tell_of(Event event, const DefibJournalEntry& entry, const char* text) const;
    void look_at_told(uint64_t heartbeat);
    timespec look_every() const;
    int answerer_pidfd() const { return answerer_ && !is_answerer_lost_ ? answerer_->pidfd() : -1; }
    int scraped_pidfd() const { return post_ && !is_scraped_lost_ ? post_->pidfd() : -1; }

    Options options_;
    const EventLog* log_;
    std::unique_ptr<Admission> admission_;
    Manifest manifest_;
    std::optional<EngineState> state_;  // made before the GPU's process, which shares it
    cuda::GpuSetup gpu_setup_;
    std::optional<cuda::GpuProcess> gpu_;  // or
    std::optional<TwinCode> twin_;
    Target target_;
    Kernel kernel_;
    uint64_t hook_ring_ = 0;  // physical address of the kernel module's ring that beats; 0: none
    layouts::Layout layout_;
    std::optional<Answers> answers_;  // where the image has them ready made
    Bound bound_;
    std::optional<DefibPolicy> policy_;
    std::optional<JournalFile> journal_;
    std::optional<TwinProcess> process_;
    UniqueFd signals_;
    UniqueFd notify_;
    std::unique_ptr<metrics::Post> post_;  // null: nobody is told
    std::unique_ptr<Teller> teller_;
    Announcer announcer_;
    JournalFile::Seen seen_;
    std::optional<Relay> relay_;  // with those below; nothing: nobody is served
    std::unique_ptr<remote::Service> service_;
    remote::Serve answer_;
    std::optional<Child> answerer_;
    uint64_t launched_ns_ = 0;
    bool is_journal_full_ = false;
    bool is_scraped_lost_ = false;
    bool is_answerer_lost_ = false;
};

}  // namespace defib::boot

#endif
