// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/observer.h"

#include "boot/session/vocabulary.h"
#include "image/policy/compile.h"
#include "image/policy/default_policy.h"

namespace defib::boot {

Result<std::unique_ptr<Guard>> start_observer(Session& session) {
    const auto words = vocabulary_of(session.manifest(), routine_set().manifest, &session.bound());
    auto policy = image::compile_whole_policy(image::default_policy(), "the default policy", words);
    if (!policy) return std::unexpected(policy.error());
    policy->table.mode = DEFIB_MODE_OBSERVE;
    return Guard::start(session, policy->table);
}

}  // namespace defib::boot
