// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel's headers in miniature, split as Debian splits them, and the real clang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "engine/base/tool.h"
#include "layouts/constants/constants.h"

namespace defib::layouts {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FromHeaders : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "defib-headers-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
        write("linux-headers-1-common/include/linux/kconfig.h",
              "#include <generated/autoconf.h>\n");
        write("linux-headers-1-common/include/linux/compiler_types.h", "");
        write("linux-headers-1-common/include/linux/sched.h",
              "#define TASK_RUNNING 0\n"
              "#define TASK_DEAD (1UL << 63)\n"
              "#ifdef CONFIG_STRANGE\n#define TASK_PARKED 0x40\n#endif\n"
              "extern int variable;\n#define TASK_NEW variable\n"
              "enum { CSD_TYPE_SYNC = 0x10 };\n");
        write("linux-headers-1-common/arch/x86/include/asm/irq_vectors.h",
              "#define NMI_VECTOR -2\n");
        write("linux-headers-1-amd64/Makefile", "include /gone/linux-headers-1-common/Makefile\n");
        write("linux-headers-1-amd64/include/generated/autoconf.h", "#define CONFIG_STRANGE 1\n");
        write("linux-headers-1-amd64/include/generated/utsrelease.h",
              "#define UTS_RELEASE \"1-amd64\"\n");
        fs::create_directories(build() / "arch/x86/include/generated");
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const fs::path& name, std::string_view text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << text;
    }
    fs::path build() const { return root_ / "linux-headers-1-amd64"; }

    static Result<HeaderConstants> read(const fs::path& folder, std::string_view release = "",
                                        const ConstantNames& names = wanted_constants()) {
        return constants_from_headers(std::span(&folder, 1), release, names);
    }
    static std::string error_of(const Result<HeaderConstants>& result) {
        return result ? "" : to_line(result.error());
    }

    fs::path root_;
};

TEST_F(FromHeaders, GivesEveryConstantItsValueAndItsHeader) {
    const auto read_back = read(build());
    ASSERT_TRUE(read_back) << error_of(read_back);
    EXPECT_EQ(read_back->release, "1-amd64");
    EXPECT_EQ(read_back->architecture, "x86_64");
    const Constants expected = {
        {"CSD_TYPE_SYNC", {0x10, "headers: include/linux/sched.h"}},
        {"NMI_VECTOR", {-2, "headers: arch/x86/include/asm/irq_vectors.h"}},
        {"TASK_DEAD", {INT64_MIN, "headers: include/linux/sched.h"}},
        {"TASK_PARKED", {0x40, "headers: include/linux/sched.h"}},
        {"TASK_RUNNING", {0, "headers: include/linux/sched.h"}},
    };
    ASSERT_EQ(read_back->constants.size(), expected.size());
    for (const auto& [name, constant] : expected) {
        const auto found = read_back->constants.find(name);
        ASSERT_NE(found, read_back->constants.end()) << name;
        EXPECT_EQ(found->second.value, constant.value) << name;
        EXPECT_EQ(found->second.source, constant.source) << name;
    }
}

TEST_F(FromHeaders, AMacroThatIsNoConstantIsAbsent) {
    const auto read_back = read(build());
    ASSERT_TRUE(read_back) << error_of(read_back);
    EXPECT_FALSE(read_back->constants.contains("TASK_NEW"));
}

TEST_F(FromHeaders, FindsTheFolderUnderARootThatHoldsTwoKernels) {
    write("linux-headers-2-amd64/include/generated/autoconf.h", "");
    write("linux-headers-2-amd64/include/generated/utsrelease.h", "#define UTS_RELEASE \"2\"\n");
    EXPECT_TRUE(read(root_, "1-amd64"));
    EXPECT_THAT(error_of(read(root_)), HasSubstr("several kernels"));
}

TEST_F(FromHeaders, RefusesTheHeadersOfAnotherKernel) {
    const auto other = read(build(), "9-amd64");
    ASSERT_FALSE(other);
    EXPECT_EQ(exit_status(other.error().code), DEFIB_EXIT_INPUT);
    EXPECT_THAT(error_of(other), HasSubstr("headers of 1-amd64, but the kernel is 9-amd64"));
}

TEST_F(FromHeaders, HeadersThatContradictTheKernelsOwnTypesAreRefused) {
    Layout layout;
    layout.kernel.release = "1-amd64";
    layout.kernel.architecture = "x86_64";
    layout.constants["CSD_TYPE_SYNC"] = {.value = 0x20, .source = "types"};
    const fs::path folder = build();
    const auto added = add_constants(layout, std::span(&folder, 1), wanted_constants());
    ASSERT_FALSE(added);
    EXPECT_THAT(to_line(added.error()), HasSubstr("CSD_TYPE_SYNC is 16 there, but 32"));
    layout.constants.at("CSD_TYPE_SYNC").value = 0x10;
    EXPECT_TRUE(add_constants(layout, std::span(&folder, 1), wanted_constants()));
    EXPECT_EQ(layout.constants.at("TASK_PARKED").value, 0x40);
}

TEST_F(FromHeaders, HeadersForAnotherProcessorAreRefused) {
    KernelIdentity kernel;
    kernel.architecture = "aarch64";
    const fs::path folder = build();
    const auto constants = constants_for(kernel, std::span(&folder, 1), wanted_constants());
    ASSERT_FALSE(constants);
    EXPECT_THAT(to_line(constants.error()), HasSubstr("headers for x86_64"));
}

TEST_F(FromHeaders, SaysWhatIsMissing) {
    EXPECT_THAT(error_of(read(root_ / "nothing")), HasSubstr("no such file or folder"));
    EXPECT_THAT(error_of(read(root_ / "linux-headers-1-common")),
                HasSubstr("include/generated/autoconf.h"));
    fs::remove_all(root_ / "linux-headers-1-common");
    EXPECT_THAT(
        error_of(read(build())),
        HasSubstr("the half with include/linux is missing; give linux-headers-1-common too"));
}

TEST_F(FromHeaders, SaysWhichHeaderClangRefuses) {
    write("linux-headers-1-common/include/linux/sched.h", "#include <linux/absent.h>\n");
    const auto broken = read(build());
    ASSERT_FALSE(broken);
    EXPECT_EQ(exit_status(broken.error().code), DEFIB_EXIT_INPUT);
    EXPECT_THAT(error_of(broken), HasSubstr("'linux/absent.h' file not found"));
}

TEST_F(FromHeaders, ReadsTheTwoHalvesFromPackagesAndLeavesNothingBehind) {
    constexpr const char* programs[] = {"dpkg-deb"};
    std::vector<fs::path> packages;
    for (const char* half : {"linux-headers-1-common", "linux-headers-1-amd64"}) {
        const fs::path top = root_ / "packages" / half;
        fs::create_directories(top / "usr/src");
        fs::rename(root_ / half, top / "usr/src" / half);
        write(top / "DEBIAN/control", "Package: " + std::string(half) +
                                          "\nVersion: 1\nArchitecture: all\nMaintainer: x\n"
                                          "Description: x\n");
        packages.push_back(root_ / (std::string(half) + ".deb"));
        const auto run =
            run_tool(programs, {"--build", top.string(), packages.back().string()}, "");
        ASSERT_TRUE(run);
        ASSERT_EQ(run->exit_status, 0) << run->errors;
    }
    const fs::path unpacked_in = root_ / "tmp";
    fs::create_directories(unpacked_in);
    ::setenv("TMPDIR", unpacked_in.c_str(), 1);
    const auto read_back = constants_from_headers(packages, "1-amd64", wanted_constants());
    const auto half = read(packages[1]);
    ::unsetenv("TMPDIR");
    ASSERT_TRUE(read_back) << error_of(read_back);
    EXPECT_EQ(read_back->constants.at("TASK_PARKED").value, 0x40);
    EXPECT_THAT(error_of(half), HasSubstr("give linux-headers-1-common too"));
    EXPECT_TRUE(fs::is_empty(unpacked_in));
}

TEST_F(FromHeaders, AFileThatIsNoPackageIsRefused) {
    write("linux-headers.deb", "!<arch>\nnot really");
    const auto broken = read(root_ / "linux-headers.deb");
    ASSERT_FALSE(broken);
    EXPECT_EQ(exit_status(broken.error().code), DEFIB_EXIT_INPUT);
}

TEST_F(FromHeaders, ANameThatIsNoIdentifierNeverReachesClang) {
    EXPECT_THAT(error_of(read(build(), "", {"A)); int x = ((B"})), HasSubstr("not the name"));
}

TEST(Tool, AMissingProgramIsTheEnvironmentsFaultAndTheErrorSaysWhatToInstall) {
    constexpr const char* programs[] = {"defib-no-such-program"};
    const auto run = run_tool(programs, {}, "");
    ASSERT_FALSE(run);
    EXPECT_EQ(exit_status(run.error().code), DEFIB_EXIT_ENVIRONMENT);
    EXPECT_THAT(to_line(run.error()), HasSubstr("apt-get install defib-no-such-program"));
}

TEST(Tool, PassesInputAndReturnsBothOutputsAndTheStatus) {
    constexpr const char* programs[] = {"sh"};
    const auto run = run_tool(programs, {"-c", "cat; echo \"$LC_ALL\" >&2; exit 3"}, "hello");
    ASSERT_TRUE(run);
    EXPECT_EQ(run->output, "hello");
    EXPECT_EQ(run->errors, "C\n");
    EXPECT_EQ(run->exit_status, 3);
}

}  // namespace
}  // namespace defib::layouts
