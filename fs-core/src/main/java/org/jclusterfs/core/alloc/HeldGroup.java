package org.jclusterfs.core.alloc;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;

/**
 * A resource group whose lock this operation holds EX: gives blocks out and takes them back inside
 * transactions. Used by one thread.
 */
public final class HeldGroup implements BlockSource, AutoCloseable {
  private final Group group;
  private final LockHolder holder;
  private final MetaStore store;

  HeldGroup(Group group, LockHolder holder, MetaStore store) {
    this.group = group;
    this.holder = holder;
    this.store = store;
  }

  /** Stands for a reservation of nothing: no group is held, and none can give a block. */
  static HeldGroup ofNothing() {
    return new HeldGroup(null, null, null);
  }

  /** Index of the group. */
  public int index() {
    return group.index();
  }

  /** Blocks that it could give out now. */
  public int available() throws IOException {
    return group.available(store);
  }

  /** Blocks of it that file data may take. */
  public int toGive() throws IOException {
    return available() - ResourceGroups.KEPT_BACK;
  }

  /**
   * Journal credits for allocating or freeing {@code blocks} blocks one by one: the header and
   * every bitmap that they may lie in.
   */
  public int credits(int blocks) throws IOException {
    if (group == null) {
      return 0;
    }
    return 1 + Math.min(blocks, GroupHeader.bitmapBlocks(group.header(store).buffer()));
  }

  /** A block that {@link #takeInode} could take now; nothing is changed. */
  public long peek() throws IOException {
    return group.firstBlock() + search(group.rotor(), 1).first();
  }

  /** The block that {@link #peek} gave cannot be used now: the next look begins behind it. */
  public void skip(long address) {
    group.rotor(relative(address) + 1);
  }

  /**
   * Takes a block for an inode.
   *
   * @param address what {@link #peek} gave under this same hold
   * @return the version floor, which is the new inode's generation too
   */
  public long takeInode(Transaction tx, long address) throws IOException {
    long floor = take(tx, relative(address), 1, BitmapBlock.INODE);
    ByteBuffer header = group.header(store).buffer();
    GroupHeader.inodeCount(header, GroupHeader.inodeCount(header) + 1);
    return floor;
  }

  /** Whether an inode lies at a block of this group. */
  public boolean isInode(long address) throws IOException {
    int number = relative(address) / BitmapBlock.BLOCKS;
    ByteBuffer bitmap = group.bitmap(store, number).buffer();
    return BitmapBlock.state(bitmap, relative(address) % BitmapBlock.BLOCKS) == BitmapBlock.INODE;
  }

  /** A run of data blocks. */
  public record Run(long first, int length) {}

  /**
   * Takes up to {@code wanted} consecutive data blocks, best right at {@code goal}.
   *
   * @param goal block that would continue the file's last extent, or 0
   */
  public Run takeData(Transaction tx, long goal, int wanted) throws IOException {
    int from = contains(goal) ? relative(goal) : group.rotor();
    BitmapSearch.FreeRun run = search(from, wanted);
    take(tx, run.first(), run.length(), BitmapBlock.DATA);
    return new Run(group.firstBlock() + run.first(), run.length());
  }

  @Override
  public MetaBlock allocate(Transaction tx, LockScope scope, int magic, long owner) {
    if (group == null) {
      throw new IllegalStateException("a block is taken, but none was reserved");
    }
    try {
      BitmapSearch.FreeRun run = search(group.rotor(), 1);
      long floor = take(tx, run.first(), 1, BitmapBlock.METADATA);
      return tx.create(scope, group.firstBlock() + run.first(), magic, owner, floor);
    } catch (IOException e) {
      // The bitmaps were read when the group was reserved; a failure now leaves a half-made change.
      throw new IllegalStateException("reserved blocks of group " + index() + " are gone", e);
    }
  }

  /** Gives a run of data blocks back. */
  public void freeData(Transaction tx, long first, long length) throws IOException {
    release(tx, relative(first), Math.toIntExact(length), false);
  }

  /** Gives a metadata block back that had {@code version}; its revoke is the caller's. */
  public void freeMetadata(Transaction tx, long address, long version) throws IOException {
    release(tx, relative(address), 1, true);
    raiseFloor(version);
  }

  /** Gives an inode's block back that had {@code version}; its revoke is the caller's. */
  public void freeInode(Transaction tx, long address, long version) throws IOException {
    freeMetadata(tx, address, version);
    ByteBuffer header = group.header(store).buffer();
    GroupHeader.inodeCount(header, GroupHeader.inodeCount(header) - 1);
  }

  private void raiseFloor(long version) throws IOException {
    ByteBuffer header = group.header(store).buffer();
    // One more: the block may still be counted up by a commit that is under way.
    GroupHeader.versionFloor(header, Math.max(GroupHeader.versionFloor(header), version + 2));
  }

  /** Whether a block lies in this group. */
  public boolean contains(long address) throws IOException {
    long relative = address - group.firstBlock();
    return relative >= 0 && relative < GroupHeader.blockCount(group.header(store).buffer());
  }

  private int relative(long address) {
    return Math.toIntExact(address - group.firstBlock());
  }

  private BitmapSearch.FreeRun search(int from, int wanted) throws IOException {
    ByteBuffer header = group.header(store).buffer();
    int bitmaps = GroupHeader.bitmapBlocks(header);
    int blocks = GroupHeader.blockCount(header);
    int start = from / BitmapBlock.BLOCKS;
    BitmapSearch.FreeRun best = BitmapSearch.FreeRun.NONE;
    // The bitmap of the goal is visited twice: from the goal on, and at last from its beginning.
    for (int i = 0; i <= bitmaps; i++) {
      int number = (start + i) % bitmaps;
      if (GroupHeader.freePerBitmap(header, number) == 0) {
        continue;
      }
      int base = number * BitmapBlock.BLOCKS;
      BitmapSearch.FreeRun run =
          BitmapSearch.find(
              group.bitmap(store, number).buffer(),
              i == 0 ? from - base : 0,
              Math.min(BitmapBlock.BLOCKS, blocks - base),
              wanted,
              group.quarantine(),
              base);
      if (run.length() > best.length()) {
        best = new BitmapSearch.FreeRun(base + run.first(), run.length());
      }
      if (best.length() >= wanted) {
        return best;
      }
    }
    if (best.length() == 0) {
      throw new IllegalStateException("group " + index() + " has fewer free blocks than reserved");
    }
    return best;
  }

  private long take(Transaction tx, int first, int length, int state) throws IOException {
    ByteBuffer header = tx.modify(group.header(store)).buffer();
    int number = first / BitmapBlock.BLOCKS;
    ByteBuffer bitmap = tx.modify(group.bitmap(store, number)).buffer();
    int base = number * BitmapBlock.BLOCKS;
    for (int i = 0; i < length; i++) {
      BitmapBlock.state(bitmap, first - base + i, state);
    }
    count(header, number, -length);
    group.rotor(first + length);
    return GroupHeader.versionFloor(header) + 1;
  }

  private void release(Transaction tx, int first, int length, boolean wasMetadata)
      throws IOException {
    ByteBuffer header = tx.modify(group.header(store)).buffer();
    int done = 0;
    while (done < length) {
      int number = (first + done) / BitmapBlock.BLOCKS;
      int base = number * BitmapBlock.BLOCKS;
      int piece = Math.min(length - done, base + BitmapBlock.BLOCKS - (first + done));
      ByteBuffer bitmap = tx.modify(group.bitmap(store, number)).buffer();
      for (int i = 0; i < piece; i++) {
        int at = first + done + i - base;
        if (BitmapBlock.state(bitmap, at) == BitmapBlock.FREE) {
          throw new IllegalStateException(
              "block " + (group.firstBlock() + base + at) + " is freed twice");
        }
        BitmapBlock.state(bitmap, at, BitmapBlock.FREE);
      }
      count(header, number, piece);
      done += piece;
    }
    group.quarantine(tx.sequence(), wasMetadata, first, length);
  }

  private void count(ByteBuffer header, int bitmap, int change) {
    GroupHeader.freePerBitmap(header, bitmap, GroupHeader.freePerBitmap(header, bitmap) + change);
    GroupHeader.freeBlocks(header, GroupHeader.freeBlocks(header) + change);
    group.freeHint(GroupHeader.freeBlocks(header));
  }

  /** Ends the hold; the node keeps the lock. */
  @Override
  public void close() {
    if (holder != null) {
      holder.close();
    }
  }
}
