// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Apart from what asks an engine: who has one from somebody else brings no engine along.
#include "boot/find/scratch.h"
#include "boot/session/session.h"

namespace defib::boot {

Result<std::unique_ptr<Session>> Session::start(SessionOptions options,
                                                const RoutineSet& routines) {
    std::unique_ptr<Session> session(new Session);
    auto manifest = read_manifest(routines.manifest, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    session->manifest_ = std::move(*manifest);

    session->layout_ = std::move(options.layout);
    auto opened = session->open(options, routines);
    const bool cannot_be_given = !opened && opened.error().code == DEFIB_ERROR_BASE_OUT_OF_MEMORY;
    if (cannot_be_given && options.access == Access::look) {
        // Not every driver can pin what this process may only read. The window stays read only.
        options.access = Access::look_with_device;
        opened = session->open(options, routines);
    }
    if (!opened) return std::unexpected(opened.error());
    return session;
}

Result<void> Session::open(const SessionOptions& options, const RoutineSet& routines) {
    auto target = Target::open(options.target, options.access);
    if (!target) return std::unexpected(target.error());
    target_ = std::move(*target);

    auto kernel = find_kernel(target_);
    if (!kernel) return std::unexpected(kernel.error());
    kernel_ = std::move(*kernel);

    auto proved = prove_identity(target_, kernel_, layout_, options.access);
    if (!proved) return std::unexpected(proved.error());
    identity_ = *proved;
    complete_map(kernel_, layout_);

    // A target that is only looked at gets it too, so that a plan can be shown: nothing is stored
    // through a window that is read only.
    auto bound = bind(manifest_, layout_, kernel_.text, find_scratch(kernel_, layout_));
    if (!bound) return std::unexpected(bound.error());
    bound_ = std::move(*bound);

    auto engine = start_engine(options.backend,
                               {.window = kernel_.window,
                                .map = kernel_.map,
                                .bound = bound_,
                                .is_live = target_.kind() != TargetKind::core,
                                .may_write = options.access != Access::look,
                                .data = target_.memory().data()},
                               routines.gpu_code);
    if (!engine) return std::unexpected(engine.error());
    engine_ = std::move(*engine);
    return {};
}

}  // namespace defib::boot
