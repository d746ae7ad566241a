// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// File systems, where they are mounted, and their files as far as memory holds them.
//
// All of it is what every file system has in common (fs/super.c, fs/namespace.c, fs/dcache.c,
// fs/inode.c): what ext4 or xfs keep besides says where a file lies on the disk, which nobody needs
// who has its pages.
#ifndef DEFIB_ENGINE_KERNEL_FILES_H
#define DEFIB_ENGINE_KERNEL_FILES_H

#include "engine/kernel/lists.h"
#include "engine/kernel/xarray.h"

kernel_part kgid_t {
    u32 val;
};
kernel_part qstr {
    u32 len;
    kp<const u8> name;  // with a 0 behind it, which is not counted
};
// dentry.d_u, which has no type's name.
kernel_union dentry_aliases {
    hlist_node d_alias;
};
kernel_struct dentry {
    kp<dentry> d_parent;  // itself: the root
    qstr d_name;
    kp<struct inode> d_inode;
    union dentry_aliases d_u;
};

kernel_struct address_space {
    xarray i_pages;
    u64 nrpages;
};
kernel_struct inode {
    u16 i_mode;
    kuid_t i_uid;
    kgid_t i_gid;
    kp<struct super_block> i_sb;
    kp<address_space> i_mapping;
    u64 i_ino;
    u32 i_nlink;
    u32 i_rdev;
    s64 i_size;
    list_head i_sb_list;
    hlist_head i_dentry;
    kp<const char> i_link;  // of a symbolic link, where its text is not in a page
};

kernel_struct file_system_type {
    kp<const char> name;
};
kernel_struct super_block {
    list_head s_list;
    u32 s_dev;
    kp<file_system_type> s_type;
    kp<dentry> s_root;
    list_head s_mounts;
    char s_id[32];
    list_head s_inodes;
};

kernel_part vfsmount {
    kp<dentry> mnt_root;
    kp<super_block> mnt_sb;
    s32 mnt_flags;
};
kernel_struct mount {
    kp<mount> mnt_parent;  // itself: the root of its name space
    kp<dentry> mnt_mountpoint;
    vfsmount mnt;
    list_head mnt_instance;  // in its file system's list
    kp<const char> mnt_devname;
    kp<void> mnt_ns;
    s32 mnt_id;
};
kernel_struct nsproxy {
    kp<void> mnt_ns;
};
kernel_struct task_struct___name_spaces {
    kp<struct nsproxy> nsproxy;
};

// What stat(2) calls a file's kind; the same for every kernel.
inline constexpr u32 FILE_KIND = 0170000;
inline constexpr u32 FILE_REGULAR = 0100000;
inline constexpr u32 FILE_LINK = 0120000;

// A text that ends with a 0, as far as there is room.
template <u32 SIZE>
inline void copy_text(char (&to)[SIZE], kp<const char> from) {
    for (u32 i = 0; i + 1 < SIZE; ++i) {
        const char letter = from[i];
        if (letter == 0) break;
        to[i] = letter;
    }
}

#endif
