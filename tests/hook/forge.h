// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_HOOK_FORGE_H
#define DEFIB_TESTS_HOOK_FORGE_H

#include <cstdint>

#include "boot/hook/hook.h"

namespace defib::hook_test {

// Writes random and forged words into a live ring, that many requests and now and then the header:
// in every part that an engine may write and in those that it may not, whole and torn, while the
// CPUs look. Requests that are well-formed ask for everything but a crash, and for nothing that an
// engine would have to answer for: no word is changed, no lock is taken. The header is as it was
// afterwards.
void forge_requests(boot::Hook& hook, uint64_t count, uint64_t seed);

}  // namespace defib::hook_test

#endif
