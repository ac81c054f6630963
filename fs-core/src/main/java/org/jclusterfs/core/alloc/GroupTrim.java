package org.jclusterfs.core.alloc;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceFutures;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.txn.MetaStore;

/**
 * Tells the device which blocks of one group are free. The group's lock is held EX until the device
 * has answered, so that none of them is given out meanwhile.
 *
 * <p>A block may be told where it could be given to a file now, and only there: what is in
 * quarantine stays. So the device may do to its content no more than the file's data would, which
 * goes to a newly allocated block before the transaction that allocates it is committed.
 */
final class GroupTrim {
  private static final int IN_FLIGHT = 32;

  private final Group group;
  private final MetaStore store;
  private final BlockDevice device;
  private final ResourceGroups.TrimRange range;
  private final ArrayDeque<CompletableFuture<Void>> running = new ArrayDeque<>();
  private long start = -1;
  private long end = -1;
  private long trimmed;

  GroupTrim(Group group, MetaStore store, BlockDevice device, ResourceGroups.TrimRange range) {
    this.group = group;
    this.store = store;
    this.device = device;
    this.range = range;
  }

  /** Returns how many blocks were told. */
  long run() throws IOException {
    int blocks = GroupHeader.blockCount(group.header(store).buffer());
    int bitmaps = GroupHeader.bitmapBlocks(group.header(store).buffer());
    for (int number = 0; number < bitmaps; number++) {
      int base = number * BitmapBlock.BLOCKS;
      int limit = Math.min(BitmapBlock.BLOCKS, blocks - base);
      int at = 0;
      while (at < limit) {
        BitmapSearch.FreeRun free =
            BitmapSearch.next(
                group.bitmap(store, number).buffer(), at, limit, group.quarantine(), base);
        if (free.length() == 0) {
          break;
        }
        add(group.firstBlock() + base + free.first(), free.length());
        at = free.first() + free.length();
      }
    }
    send();
    while (!running.isEmpty()) {
      DeviceFutures.await(running.remove());
    }
    return trimmed;
  }

  /** A run may go on in the next bitmap. */
  private void add(long first, int length) throws IOException {
    long from = Math.max(first, range.from());
    long to = Math.min(first + length, range.to());
    if (from >= to) {
      return;
    }
    if (from != end) {
      send();
      start = from;
    }
    end = to;
  }

  private void send() throws IOException {
    long length = end - start;
    if (length > 0 && length >= range.minimum()) {
      if (running.size() == IN_FLIGHT) {
        DeviceFutures.await(running.remove());
      }
      running.add(device.discard(start * MetaStore.BLOCK_SIZE, length * MetaStore.BLOCK_SIZE));
      trimmed += length;
    }
    start = -1;
    end = -1;
  }
}
