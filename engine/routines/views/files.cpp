// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib files`: what is mounted where, and which files of it memory holds.
//
// The mounts are taken from their file systems, not from a name space: so those of containers are
// there too, and one that was unmounted lazily and is still written to.
#include "engine/kernel/files.h"

#include "engine/abi/reason.h"
#include "engine/kernel/page_cache.h"
#include "engine/routines/views/file_records.h"

namespace {

constexpr u64 LAST_ERROR = ~u64{4095};  // MAX_ERRNO: mnt_ns of a mount that is the kernel's own

kp<dentry> name_of(kp<inode> file) {
    const kp<hlist_node> first = file->i_dentry.first;
    return first == nullptr ? nullptr : container_of(first, dentry, d_u.d_alias);
}

bool is_wanted(kp<inode> file, u64 which) {
    if (which == DEFIB_FILES_ALL) return true;
    if ((file->i_mode & FILE_KIND) != FILE_REGULAR) return false;
    const auto mapping = file->i_mapping;
    if (mapping->nrpages == 0) return false;
    return which == DEFIB_FILES_CACHED || has_unsaved_pages(mapping);
}

}  // namespace

COLLECTOR(super_blocks, SUMMARY("every file system"), FUEL(400000))() {
    // One without a root is being made or unmade.
    for (auto one : list_of(super_block, s_list, symbol(list_head, super_blocks)))
        if (one->s_root != nullptr) emit_pointer(one);
}

VIEW(file_system, SUMMARY("one file system"), OF_EACH(super_blocks), FUEL(4000))
(kp<super_block> one) {
    const auto record = emit<DefibFileSystemRecord>(DEFIB_RECORD_FILE_SYSTEM);
    record->super_block = address_of(one);
    record->root = address_of(one->s_root);
    record->device = one->s_dev;
    copy_text(record->type, one->s_type->name);
    for (u32 i = 0; i < sizeof(record->id); ++i) record->id[i] = one->s_id[i];
}

COLLECTOR(mounts, SUMMARY("every place where a file system is mounted"), OF_EACH(super_blocks),
          FUEL(400000))
(kp<super_block> one) {
    for (auto place : list_of(mount, mnt_instance, &one->s_mounts)) emit_pointer(place);
}

VIEW(mounted, SUMMARY("one mount"), OF_EACH(mounts), FUEL(4000))(kp<mount> place) {
    const auto record = emit<DefibMountRecord>(DEFIB_RECORD_MOUNT);
    record->mount = address_of(place);
    record->parent = address_of(place->mnt_parent);
    record->super_block = address_of(place->mnt.mnt_sb);
    record->root = address_of(place->mnt.mnt_root);
    record->point = address_of(place->mnt_mountpoint);
    record->id = place->mnt_id;
    const kp<void> space = place->mnt_ns;
    if (address_of(space) < LAST_ERROR) record->name_space = address_of(space);
    const auto first = symbol(task_struct___name_spaces, init_task)->nsproxy;
    record->is_initial = space != nullptr && first->mnt_ns == space ? 1 : 0;
    if (place->mnt_devname != nullptr) copy_text(record->device, place->mnt_devname);
}

VIEW(file_name, SUMMARY("one step of a file's path"), FUEL(4000))(kp<dentry> name) {
    const auto record = emit<DefibNameRecord>(DEFIB_RECORD_NAME);
    record->dentry = address_of(name);
    record->parent = address_of(name->d_parent);
    record->length = name->d_name.len;
    const kp<const u8> letters = name->d_name.name;
    for (u32 i = 0; i < record->length && i < sizeof(record->name); ++i)
        record->name[i] = letters[i];
}

// From behind one that was found before, for a machine has more than fit at once. Where each file's
// view has the file, a collector has nothing: they are given the same arguments.
COLLECTOR(files, SUMMARY("the files of a file system that memory knows"), FUEL(100000000))
(u64 /*nothing*/, kp<super_block> one, u64 which, kp<inode> after) {
    if (after != nullptr && after->i_sb != one) give_up(DEFIB_REASON_GONE);
    kp<list_head> at = after == nullptr ? &one->s_inodes : &after->i_sb_list;
    u64 count = 0;
    for (at = at->next; at != &one->s_inodes && at != nullptr; at = at->next) {
        const auto file = container_of(at, inode, i_sb_list);
        if (!is_wanted(file, which)) continue;
        emit_pointer(file);
        if (++count == DEFIB_FILES_AT_ONCE) break;
    }
}

VIEW(file, SUMMARY("one file that memory knows"), OF_EACH(files), FUEL(1000))
(kp<inode> file, kp<super_block> one, u64 which, kp<inode> /*after*/) {
    if (file->i_sb != one || !is_wanted(file, which)) return;  // it went meanwhile
    const auto mapping = file->i_mapping;
    const auto record = emit<DefibFileRecord>(DEFIB_RECORD_FILE);
    record->inode = address_of(file);
    record->mapping = address_of(mapping);
    record->dentry = address_of(name_of(file));
    record->size = file->i_size;
    record->number = file->i_ino;
    record->pages = mapping->nrpages;
    record->mode = file->i_mode;
    record->uid = file->i_uid.val;
    record->gid = file->i_gid.val;
    record->links = file->i_nlink;
    record->device = file->i_rdev;
    record->is_unsaved = has_unsaved_pages(mapping) ? 1 : 0;
}

VIEW(link_text, SUMMARY("where a symbolic link leads to"), FUEL(4000))(kp<inode> file) {
    if ((file->i_mode & FILE_KIND) != FILE_LINK || file->i_link == nullptr) return;
    const auto record = emit<DefibLinkRecord>(DEFIB_RECORD_LINK);
    record->inode = address_of(file);
    copy_text(record->text, file->i_link);
}

COLLECTOR(folios, SUMMARY("a file's pages in memory, from one on"), FUEL(100000000))
(u64 /*nothing*/, kp<address_space> mapping, u64 first, u64 most) {
    u64 count = 0;
    for (const auto& at : pages_from(mapping, first)) {
        if (!at.is_folio()) continue;
        emit_pointer(at.entry);
        if (++count == most) break;
    }
}

VIEW(file_pages, SUMMARY("some pages of a file"), OF_EACH(folios), FUEL(1000))
(kp<folio> one, kp<address_space> mapping, u64 /*first*/, u64 /*most*/) {
    if (one->mapping != mapping) return;  // they went meanwhile
    const u64 flags = one->flags;
    const auto record = emit<DefibFolioRecord>(DEFIB_RECORD_FOLIO);
    record->folio = address_of(one);
    record->physical = physical_address_of(one);
    record->index = one->index;
    record->pages = pages_in(one, flags);
    if (has_flag(flags, page_flag(PG_dirty))) record->state |= DEFIB_FOLIO_DIRTY;
    if (has_flag(flags, page_flag(PG_writeback))) record->state |= DEFIB_FOLIO_UNDER_WRITE;
    if (has_flag(flags, page_flag(PG_uptodate))) record->state |= DEFIB_FOLIO_UP_TO_DATE;
}

VIEW(file_blocks, SUMMARY("which blocks of some pages hold what the file has"), FUEL(20000))
(kp<folio> one, kp<address_space> mapping) {
    if (one->mapping != mapping || !has_flag(one->flags, page_flag(PG_private))) return;
    const auto record = emit<DefibBlocksRecord>(DEFIB_RECORD_BLOCKS);
    const u64 good = (u64{1} << enum_value(bh_state_bits, BH_Uptodate)) |
                     (u64{1} << enum_value(bh_state_bits, BH_Dirty));
    record->folio = address_of(one);
    const auto first = first_block_of(one);
    auto block = first;
    for (u32 i = 0; i < DEFIB_BLOCKS_MOST && is_block_of(block, one); ++i) {
        if ((block->b_state & good) != 0) record->is_good[i / 64] |= u64{1} << (i % 64);
        record->block_bytes = block->b_size;
        block = block->b_this_page;
        if (block != first) continue;
        record->count = i + 1;
        break;
    }
}

VIEW(swapped, SUMMARY("the pages of a file of tmpfs that are in the swap, from one on"),
     FUEL(100000000))
(kp<address_space> mapping, u64 first, u64 most) {
    u64 count = 0;
    for (const auto& at : pages_from(mapping, first)) {
        if (at.is_folio()) continue;
        emit<DefibSwappedRecord>(DEFIB_RECORD_SWAPPED)->index = at.index;
        if (++count == most) break;
    }
}
