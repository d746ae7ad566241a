// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The whole way from a target to an engine with the compiled routines, and nothing else: the
// program that a guarded machine runs links no more than this. boot.needs_no_llvm looks at what is
// in it.
#include <gtest/gtest.h>

#include "boot/session/session.h"

namespace defib::boot {
namespace {

TEST(Session, SaysWhichTargetIsMissing) {
    const auto session = Session::start({.target = "vm:/nowhere", .layout = {}}, routine_set());
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code, DEFIB_ERROR_BASE_CANNOT_READ);
    EXPECT_TRUE(session.error().object.contains("/nowhere"));
}

TEST(Session, HasAManifestOfItsRoutines) {
    const auto manifest = read_manifest(routine_set().manifest, "test");
    ASSERT_TRUE(manifest) << to_line(manifest.error());
    EXPECT_TRUE(manifest->number_of("process"));
}

}  // namespace
}  // namespace defib::boot
