package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jclusterfs.core.vfs.KernelCaches;
import org.jclusterfs.mount.posix.Errno;

/**
 * The kernel's caches, told by FUSE_NOTIFY_INVAL_INODE and FUSE_NOTIFY_INC_EPOCH. Thread-safe.
 *
 * <p>ENOENT from a notice is final only when the kernel holds no reference: else a reply was
 * written that the kernel has not yet installed, and what it installs would be stale. So the notice
 * is repeated until it succeeds or the reference count is 0.
 */
final class Notices implements KernelCaches {
  private static final System.Logger LOG = System.getLogger(Notices.class.getName());
  private static final int INVAL_INODE = 2;
  private static final int INVAL_ENTRY = 3;
  private static final int INC_EPOCH = 8;
  private static final int HEADER_BYTES = 16;
  private static final long STACK_BYTES = 256 << 10;
  private static final int INVAL_INODE_BYTES = 24;
  private static final int INVAL_ENTRY_BYTES = 16;

  /**
   * Longest wait until the names of a listing are taken. It takes far less, but where a request
   * that holds the directory's inode lock without naming the directory (RMDIR of it, a RENAME over
   * it) waits for the cluster lock that is being given away.
   */
  private static final long LONGEST_TAKING_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long FIRST_PAUSE_NANOS = 50_000;
  private static final long LONGEST_PAUSE_NANOS = 10_000_000;

  /**
   * About 10 s, far longer than a lookup's answer can be on its way into the kernel: what it does
   * not know by then it has dropped without a FORGET, and nobody is to wait for that for ever.
   */
  private static final int MOST_REPEATS = 1_000;

  private final FuseChannel channel;
  private final NodeTable nodes;
  private final ListedNames listed;
  private final boolean epochs;
  private final ExecutorService barriers =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(null, task, "jclusterfs-listed", STACK_BYTES);
            thread.setDaemon(true);
            return thread;
          });
  private final ThreadLocal<ByteBuffer> buffers =
      ThreadLocal.withInitial(
          () ->
              ByteBuffer.allocateDirect(HEADER_BYTES + INVAL_INODE_BYTES)
                  .order(ByteOrder.nativeOrder()));

  /** {@code epochs}: the kernel knows INC_EPOCH; otherwise no name is ever cached. */
  Notices(FuseChannel channel, NodeTable nodes, ListedNames listed, boolean epochs) {
    this.channel = channel;
    this.nodes = nodes;
    this.listed = listed;
    this.epochs = epochs;
  }

  @Override
  public void invalidateInode(long inode, boolean attributesOnly) {
    if (attributesOnly) {
      notifyAll(inode, -1, 0);
    } else {
      notifyAll(inode, 0, 0);
    }
  }

  @Override
  public void invalidateRange(long inode, long offset, long length) {
    notifyAll(inode, offset, length);
  }

  @Override
  public void invalidateNames() {
    nodes.dropNames();
    if (epochs) {
      ByteBuffer b = buffers.get().clear();
      b.putInt(HEADER_BYTES).putInt(INC_EPOCH).putLong(0).flip();
      channel.write(b, List.of());
    }
  }

  @Override
  public void invalidateNamesOf(long directory) {
    for (Node n = nodes.find(directory); n != null; n = n.older) {
      long listing = listed.untaken(n.nodeId);
      if (listing != 0) {
        untilTaken(n.nodeId, listing);
      }
    }
    invalidateNames();
  }

  /**
   * The notice waits for the directory's inode lock, and whoever has that may wait for who waits
   * here: so it has a thread of its own, and the wait ends as well when such a request shows.
   */
  private void untilTaken(long nodeId, long listing) {
    AtomicBoolean late = new AtomicBoolean();
    barriers.execute(
        () -> {
          sendLocking(nodeId);
          listed.taken(nodeId, listing);
          if (late.get()) {
            invalidateNames();
          }
        });
    if (!listed.awaitTaken(nodeId, listing, LONGEST_TAKING_NANOS)) {
      late.set(true);
      LOG.log(
          System.Logger.Level.DEBUG,
          "the kernel has not taken the names of a listing of node {0} in time",
          Long.toString(nodeId));
    }
  }

  /** Drops a name that no directory has. */
  private void sendLocking(long nodeId) {
    ByteBuffer b = buffers.get().clear();
    b.putInt(HEADER_BYTES + INVAL_ENTRY_BYTES + 2).putInt(INVAL_ENTRY).putLong(0);
    b.putLong(nodeId).putInt(1).putInt(0).put((byte) '.').put((byte) 0).flip();
    channel.write(b, List.of());
  }

  private void notifyAll(long inode, long offset, long length) {
    for (Node n = nodes.find(inode); n != null; n = n.older) {
      n.forgetHints();
      if (offset == 0 && length == 0) {
        // Before the notice: a page that comes in later sets it again.
        n.pages = false;
      }
      until(n, offset, length);
    }
  }

  /** Drops a range of pages from within a direct write that holds no lock any more. */
  void dropWritten(Node node, long offset, long length) {
    until(node, offset, length);
  }

  private void until(Node node, long offset, long length) {
    long pause = FIRST_PAUSE_NANOS;
    for (int repeats = 1; ; repeats++) {
      int result = send(node.nodeId, offset, length);
      // The count is read after the notice: a reply counted later has not been passed over.
      if (result != -Errno.ENOENT || node.lookups <= 0) {
        return;
      }
      if (repeats == MOST_REPEATS) {
        LOG.log(
            System.Logger.Level.ERROR,
            "the kernel does not know node {0} after {1} notices, though {2} lookups of it are counted",
            Long.toString(node.nodeId),
            repeats,
            node.lookups);
        return;
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
    }
  }

  private int send(long nodeId, long offset, long length) {
    ByteBuffer b = buffers.get().clear();
    b.putInt(HEADER_BYTES + INVAL_INODE_BYTES).putInt(INVAL_INODE).putLong(0);
    b.putLong(nodeId).putLong(offset).putLong(length).flip();
    return channel.write(b, List.of());
  }
}
