package org.jclusterfs.fsck;

/**
 * Everything that fsck.jclusterfs can find wrong: one list, which docs/fsck-problems.md repeats.
 *
 * <p>The name of a constant is the problem's code. A problem that is safe is repaired by -p too:
 * nothing of a user's is lost by its repair.
 */
enum Problem {
  PRIMARY_SUPERBLOCK_DAMAGED(false, "the primary superblock %s", "it is restored from a backup"),
  BACKUP_SUPERBLOCK_WRONG(
      true,
      "the backup superblock in block %d is damaged or differs from the primary",
      "it is written again"),
  SUPERBLOCK_FIELD_WRONG(
      true, "the superblock has %s", "the field is set to what it has to be, in all copies"),
  HEADER_FIELD_WRONG(
      true, "the header of block %d (%s) has %s", "the field is set to what it has to be"),
  SLOT_DESCRIPTOR_DAMAGED(
      false,
      "the descriptor of slot %d %s",
      "it is written again as a free slot, with its journal and orphan directory found by their"
          + " place"),
  SLOT_FIELD_WRONG(
      true,
      "the descriptor of slot %d has %s",
      "the field is set to what it has to be, or to zero"),
  HEARTBEAT_DAMAGED(true, "the heartbeat block of slot %d %s", "it is written again"),
  FENCE_BLOCK_DAMAGED(true, "the fence block of slot %d %s", "it is written again"),
  SLOT_NOT_RELEASED(
      true, "slot %d was not released by host \"%s\", which is gone", "the slot is freed"),
  JOURNAL_PLACE_WRONG(
      false,
      "the descriptor of slot %d says that its journal has %d blocks from %d on, %s",
      "it is taken for where mkfs puts it"),
  JOURNAL_HEADER_COPY_DAMAGED(
      true,
      "one of the two headers of the journal of slot %d is damaged",
      "it is written again from the other one"),
  JOURNAL_TRANSACTION_DAMAGED(
      false, "%s", "what was committed before it is replayed; it and what follows it are lost"),
  JOURNAL_DIRTY(
      true,
      "the journal of slot %d holds %d changed blocks that are not in place",
      "they are replayed"),
  JOURNAL_DAMAGED(
      false, "the journal of slot %d is damaged: %s", "it is made anew; what it held is lost"),
  GROUP_HEADER_DAMAGED(
      false, "the header of resource group %d %s", "it is made anew from the bitmaps"),
  GROUP_FIELD_WRONG(
      true, "the header of resource group %d has %s", "the field is set to what it has to be"),
  GROUP_COUNTS_WRONG(
      true, "the header of resource group %d has wrong counts", "they are counted again"),
  BITMAP_DAMAGED(
      false,
      "bitmap block %d of resource group %d %s",
      "it is made anew from the blocks that are in use"),
  BITMAP_PADDING_WRONG(
      true,
      "bitmap block %d of resource group %d calls blocks beyond the group's end other than metadata",
      "they are called metadata"),
  BLOCK_LEAKED(true, "blocks %d to %d are marked as used, but nothing uses them", "they are freed"),
  BLOCK_WRONGLY_FREE(
      false, "blocks %d to %d are in use, but marked as free", "they are marked as used"),
  BLOCK_STATE_WRONG(
      false,
      "blocks %d to %d are marked as of another kind than they are",
      "the mark is corrected"),
  ROOT_DAMAGED(
      false, "the root directory %s", "an empty one is made; what it led to comes to lost+found"),
  LOST_FOUND_MISSING(false, "/lost+found is missing, and is needed now", "it is made"),
  ORPHAN_DIRECTORY_SHARED(
      false,
      "slot %d names inode %d as its orphan directory, which is %s",
      "its own one is looked for, and made anew where there is none"),
  ORPHAN_DIRECTORY_DAMAGED(
      false, "the orphan directory of slot %d is damaged", "an empty one is made"),
  INODE_FIELD_WRONG(
      true, "inode %d (%s) has %s", "the field is set to what it has to be, or to zero"),
  INODE_LAYOUT_WRONG(
      false,
      "inode %d (%s) has a layout that does not fit its type",
      "it gets the one that its content looks like; without any, its content is dropped"),
  INODE_INLINE_LENGTH_WRONG(
      false, "inode %d (%s) has a wrong length of inline data", "the length is made to fit"),
  INODE_SIZE_WRONG(
      true,
      "inode %d (%s) has size %d, but what was written ends at %d",
      "the size is set to that end"),
  SYMLINK_TARGET_WRONG(
      false,
      "the symbolic link %d (%s) %s",
      "it becomes a regular file with what there is of the target"),
  DIRECTORY_SIZE_WRONG(
      true, "directory %d (%s) has size %d, should be %d", "the size is corrected"),
  INODE_BLOCKS_WRONG(
      true, "inode %d (%s) counts %d blocks, should be %d", "the count is corrected"),
  ENTRY_COUNT_WRONG(
      true, "directory %d (%s) counts %d names, should be %d", "the count is corrected"),
  PARENT_WRONG(
      true, "directory %d (%s) names %d as its parent, should be %d", "the parent is corrected"),
  LINK_COUNT_WRONG(true, "inode %d (%s) has link count %d, should be %d", "the count is corrected"),
  XATTR_DAMAGED(
      false,
      "the extended attributes of inode %d (%s) %s",
      "those before the damage are kept, the others are dropped"),
  XATTR_NAME_WRONG(
      false,
      "inode %d (%s) has the extended attribute \"%s\", which %s",
      "it moves to the namespace user"),
  XATTR_WRONG(
      false, "inode %d (%s) has the extended attribute \"%s\", which %s", "this one is dropped"),
  TREE_NODE_DAMAGED(
      false,
      "block %d in the tree of inode %d (%s) %s",
      "the tree is built again without what cannot be read of the block"),
  TREE_NODE_FIELD_WRONG(
      true, "block %d in the tree of inode %d (%s) has %s", "the field is set right"),
  INDEX_ORDER_WRONG(
      false,
      "block %d in the tree of inode %d (%s) has keys out of order or outside of its own range",
      "the tree is built again"),
  EXTENT_OUT_OF_BOUNDS(
      false,
      "inode %d (%s) maps blocks from %d on, outside of where files may lie or behind their largest"
          + " size",
      "the mapping is dropped"),
  EXTENT_FLAGS_WRONG(
      false,
      "inode %d (%s) has unknown flags at what it maps from its block %d on",
      "they are cleared"),
  EXTENT_ORDER_WRONG(
      false,
      "the extents of inode %d (%s) overlap, or are not where the tree's keys say",
      "the tree is built again; of overlapping ones the first stays"),
  BLOCK_SHARED(
      false,
      "inode %d (%s) uses block %d, which belongs to something else",
      "the block is copied for this inode"),
  DIRECTORY_ORDER_WRONG(
      false, "the names of directory %d (%s) are out of order", "the tree is built again"),
  ENTRY_HASH_WRONG(
      false, "directory %d (%s) has a name under a wrong hash: \"%s\"", "the tree is built again"),
  ENTRY_INVALID(false, "directory %d (%s) has an invalid name: \"%s\"", "the name is removed"),
  ENTRY_DUPLICATE(
      false, "directory %d (%s) has the name \"%s\" twice", "the second one is renamed"),
  ENTRY_TYPE_WRONG(true, "directory %d (%s) tells a wrong type of \"%s\"", "the type is corrected"),
  ENTRY_DANGLING(
      false, "directory %d (%s) has the name \"%s\" of inode %d, which %s", "the name is removed"),
  DIRECTORY_LINKED_TWICE(
      false,
      "directory %d (%s) has the name \"%s\" of directory %d, which has another name or must have none",
      "the name is removed"),
  INODE_UNREACHABLE(false, "inode %d has no name", "it comes to lost+found as \"#%1$d\""),
  ORPHAN_LEFT(true, "inode %d was deleted while it was open", "it is freed"),
  ORPHAN_NOT_EMPTY(
      false,
      "directory %d (%s) was deleted, but has the name \"%s\"",
      "what it leads to comes to lost+found"),
  ORPHAN_ENTRY_WRONG(
      true,
      "the orphan directory of slot %d has the name \"%s\", which is not that of a deleted inode",
      "the name is removed");

  private final boolean safe;
  private final String text;
  private final String repair;

  Problem(boolean safe, String text, String repair) {
    this.safe = safe;
    this.text = text;
    this.repair = repair;
  }

  /** Whether -p repairs it. */
  boolean safe() {
    return safe;
  }

  /** What is wrong, as a format string. */
  String text() {
    return text;
  }

  /** What the repair does. */
  String repair() {
    return repair;
  }
}
