// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "tests/lab/agent/agent.h"

namespace defib::lab::agent {
namespace {

struct Mount {
    const char* type;
    const char* at;
    const char* data;
};

constexpr Mount MOUNTS[] = {
    {"proc", "/proc", ""},
    {"sysfs", "/sys", ""},
    {"devtmpfs", "/dev", ""},
    {"devpts", "/dev/pts", "ptmxmode=0666"},
    {"tmpfs", "/dev/shm", ""},
    {"tmpfs", "/tmp", ""},
    {"cgroup2", "/sys/fs/cgroup", ""},
    {"debugfs", "/sys/kernel/debug", ""},
};

void say(const char* what, const char* about) {
    std::fprintf(stderr, "agent: %s: %s: %s\n", about, what, std::strerror(errno));
}

void mount_all() {
    for (const Mount& mount : MOUNTS) {
        ::mkdir(mount.at, 0755);
        // No debugfs in a locked-down guest: not worth a boot.
        if (::mount(mount.type, mount.at, mount.type, 0, mount.data) != 0) {
            say("cannot mount", mount.at);
        }
    }
}

// The lab numbers the files so that what a module needs comes before it.
void load_modules() {
    std::vector<std::string> names;
    DIR* folder = ::opendir("/modules");
    if (!folder) return;
    while (const dirent* entry = ::readdir(folder)) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(folder);
    std::ranges::sort(names);
    for (const std::string& name : names) {
        const std::string path = "/modules/" + name;
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (::syscall(SYS_finit_module, fd, "", 0) != 0) say("cannot load", path.c_str());
        ::close(fd);
    }
}

pid_t spawn(const std::vector<const char*>& words) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const char* word : words) argv.push_back(const_cast<char*>(word));
    argv.push_back(nullptr);
    pid_t pid = -1;
    char path[] = "PATH=/bin:/sbin:/usr/bin:/usr/sbin";
    char home[] = "HOME=/";
    char* environment[] = {path, home, nullptr};
    if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environment) != 0) return -1;
    return pid;
}

}  // namespace

void be_init() {
    mount_all();
    load_modules();
    const pid_t installer = spawn({"/bin/busybox", "--install", "-s", "/bin"});
    if (installer > 0) ::waitpid(installer, nullptr, 0);
    const pid_t agent = spawn({"/agent", "serve"});
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, 0);
        if (pid == agent) std::fprintf(stderr, "agent: ended with status %x\n", status);
        // Process 1 may not end, even with nothing left to reap: the kernel would panic.
        if (pid < 0 && errno == ECHILD) ::pause();
    }
}

}  // namespace defib::lab::agent
