// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Bad input to the tool as a whole: one error, nothing half-written.
#include <gtest/gtest.h>

#include <fstream>

#include "engine/compiler/assemble.h"
#include "engine/compiler/compile.h"
#include "engine/compiler/testing/compile_source.h"

namespace defib::compiler {
namespace {

std::filesystem::path a_case() {
    return cases_folder() / "accept" / "member_path.cpp";
}

TEST(Tool, SaysWhichFileIsMissing) {
    llvm::LLVMContext context;
    const auto set = read_set(context, {"/no/such.bc"});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, DEFIB_ERROR_BASE_CANNOT_READ);
    EXPECT_TRUE(set.error().object.contains("/no/such.bc"));
}

TEST(Tool, RefusesWhatIsNoBitcode) {
    const TemporaryFolder folder;
    const auto file = folder / "text.bc";
    std::ofstream(file) << "not bitcode";
    llvm::LLVMContext context;
    const auto set = read_set(context, {file});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, DEFIB_ERROR_COMPILER_NOT_BITCODE);
}

TEST(Tool, RefusesBitcodeThatEndsEarly) {
    const TemporaryFolder folder;
    const auto file = folder / "whole.bc";
    ASSERT_TRUE(write_bitcode(a_case(), file).empty());
    for (const uintmax_t part : {2U, 3U, 5U, 9U}) {
        const auto cut = folder / "cut.bc";
        std::filesystem::copy_file(file, cut, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(cut, std::filesystem::file_size(file) / part);
        llvm::LLVMContext context;
        const auto set = read_set(context, {cut});
        ASSERT_FALSE(set) << part;
        EXPECT_EQ(set.error().code, DEFIB_ERROR_COMPILER_NOT_BITCODE);
    }
}

TEST(Tool, RefusesTwoEntriesOfOneName) {
    const TemporaryFolder folder;
    const auto file = folder / "it.bc";
    ASSERT_TRUE(write_bitcode(a_case(), file).empty());
    llvm::LLVMContext context;
    const auto set = read_set(context, {file, file});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, DEFIB_ERROR_COMPILER_DEFINED_TWICE);
}

TEST(Tool, RefusesAProcessorThatIsNotThere) {
    llvm::LLVMContext context;
    std::vector<Refusal> errors;
    const auto module = to_bitcode(context, a_case(), errors);
    ASSERT_NE(module, nullptr);
    Refusals refusals;
    Manifest manifest = compile_set(*module, refusals);
    const std::string optimised = optimise_set(*module, manifest, refusals);
    for (const Target& target : {Target::ptx("sm_1", "ptx64"), Target::ptx("sm_75", "ptx9")}) {
        const auto text = build(optimised, manifest, target, {});
        ASSERT_FALSE(text);
        EXPECT_EQ(text.error().code, DEFIB_ERROR_COMPILER_NO_TARGET);
    }
}

// A program in ptxas' place that keeps its arguments, and fails where it is told to.
std::string assembler_in(const TemporaryFolder& folder, const std::string& body) {
    const auto file = folder / "assembler";
    std::ofstream(file) << "#!/bin/sh\n" << body;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return file.string();
}

TEST(Assembler, IsAskedForOneCardAndWritesWhatItMade) {
    const TemporaryFolder folder;
    const auto assembler = assembler_in(folder, "for last; do :; done\necho \"$@\" >\"$last\"\n");
    const auto ptx = folder / "engine.ptx";
    const auto out = folder / "a.cubin";
    const std::string asked =
        "-arch=sm_80 " + ptx.string() + " -o " + out.string() + ".unfinished\n";
    std::ofstream(ptx) << ".visible .entry defib_engine() {}";
    ASSERT_TRUE(assemble(assembler, ptx, "sm_80", out));
    EXPECT_EQ(read_text(out), "-maxrregcount=128 " + asked);
    std::ofstream(ptx) << ".visible .func defib_dispatch() {}";
    ASSERT_TRUE(assemble(assembler, ptx, "sm_80", out));
    EXPECT_EQ(read_text(out), "--compile-only " + asked);
}

TEST(Assembler, LeavesNothingWhenItFails) {
    const TemporaryFolder folder;
    const auto assembler = assembler_in(
        folder, "for last; do :; done\necho half >\"$last\"\necho 'no such card' >&2\nexit 255\n");
    const auto out = folder / "a.cubin";
    const auto ptx = folder / "engine.ptx";
    std::ofstream(ptx) << ".version 6.4";
    const auto made = assemble(assembler, ptx, "sm_1", out);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, DEFIB_ERROR_BASE_TOOL_FAILED);
    EXPECT_EQ(made.error().detail, "no such card");
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_FALSE(std::filesystem::exists(out.string() + ".unfinished"));
    const auto missing = assemble("/no/ptxas", ptx, "sm_80", out);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, DEFIB_ERROR_BASE_TOOL_MISSING);
}

// The signature of an image, and a layout maker's diff, count on it.
TEST(Tool, MakesTheSameManifestAndCodeEveryTime) {
    const Compiled once = compile_source(a_case());
    const Compiled again = compile_source(a_case());
    EXPECT_EQ(once.manifest_text, again.manifest_text);
    EXPECT_NE(once.manifest.routines.at(0).digest, "");
}

}  // namespace
}  // namespace defib::compiler
