// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the views of files report.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_FILE_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_FILE_RECORDS_H

#include <stdint.h>

#define DEFIB_RECORD_FILE_SYSTEM 288u
#define DEFIB_RECORD_MOUNT 289u
#define DEFIB_RECORD_NAME 290u
#define DEFIB_RECORD_FILE 291u
#define DEFIB_RECORD_LINK 292u
#define DEFIB_RECORD_FOLIO 293u
#define DEFIB_RECORD_SWAPPED 294u
#define DEFIB_RECORD_BLOCKS 295u

struct DefibFileSystemRecord {
    uint64_t super_block;  // address
    uint64_t root;         // address of its root's dentry
    uint32_t device;       // the kernel's dev_t: 12 bits major, 20 minor
    uint32_t reserved;
    char type[32];
    char id[32];  // of one on a disk the disk's name
};

struct DefibMountRecord {
    uint64_t mount;  // address
    uint64_t parent;
    uint64_t super_block;
    uint64_t root;        // the dentry that is seen there
    uint64_t point;       // the dentry of the parent that it covers
    uint64_t name_space;  // 0: in none
    int32_t id;           // as in /proc/PID/mountinfo
    uint32_t is_initial;  // in the name space of process 0
    char device[64];      // what was mounted, as far as there is room
};

// One step of a path.
struct DefibNameRecord {
    uint64_t dentry;
    uint64_t parent;  // itself: a root
    uint32_t length;  // as the kernel has it; more than 255 is damage
    uint32_t reserved;
    uint8_t name[256];
};

// Which files of a file system.
#define DEFIB_FILES_CACHED 0u   // regular ones that memory holds pages of
#define DEFIB_FILES_UNSAVED 1u  // of these, those with pages that the disk has not
#define DEFIB_FILES_ALL 2u      // whatever has an inode, also directories and links
#define DEFIB_FILES_AT_ONCE 50000u

struct DefibFileRecord {
    uint64_t inode;  // address
    uint64_t mapping;
    uint64_t dentry;  // 0: memory knows no name of it
    int64_t size;
    uint64_t number;  // i_ino
    uint64_t pages;   // in memory
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    uint32_t device;  // of a device's file: which
    uint32_t is_unsaved;
};

// A symbolic link's text, where it is not in a page.
struct DefibLinkRecord {
    uint64_t inode;
    char text[512];
};

#define DEFIB_FOLIO_DIRTY 1u
#define DEFIB_FOLIO_UNDER_WRITE 2u  // on its way to the disk
#define DEFIB_FOLIO_UP_TO_DATE 4u   // else only what was written to it counts

struct DefibFolioRecord {
    uint64_t folio;     // address
    uint64_t physical;  // of its first byte
    uint64_t index;     // its first page's in the file
    uint64_t pages;
    uint32_t state;
    uint32_t reserved;
};

// Of pages that are not up to date as a whole: which of their blocks are.
#define DEFIB_BLOCKS_MOST 512u
struct DefibBlocksRecord {
    uint64_t folio;
    uint64_t block_bytes;
    uint64_t count;  // 0: not known
    uint64_t is_good[DEFIB_BLOCKS_MOST / 64];
};

// A page of tmpfs that is in the swap.
struct DefibSwappedRecord {
    uint64_t index;
};

#endif
