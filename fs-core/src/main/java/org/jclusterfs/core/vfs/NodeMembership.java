package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.LocalLocks;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.JournalReplay;

/** This node's place in the cluster, or its being alone (cluster=none). */
interface NodeMembership {

  static NodeMembership join(
      BlockDevice device,
      ByteBuffer superblock,
      MountRequest request,
      JournalReplay replay,
      IntConsumer adopt)
      throws IOException, MountException {
    return request.clustered()
        ? ClusteredNode.join(device, superblock, request, replay, adopt)
        : new Alone(superblock, request, replay);
  }

  int slot();

  ClusterLocks locks();

  /** The callbacks are registered: other nodes may ask for locks from now on. */
  void start() throws IOException;

  void onWithdraw(Consumer<Throwable> listener);

  void withdraw(Throwable cause);

  boolean withdrawn();

  /** Gives every lock back; callbacks run. */
  void releaseLocks();

  void close() throws IOException;

  /** The only node of a volume that nobody else mounts. */
  final class Alone implements NodeMembership {
    private final LocalLocks locks = new LocalLocks();
    private final int slot;
    private volatile boolean withdrawn;
    private volatile Consumer<Throwable> listener = cause -> {};

    Alone(ByteBuffer superblock, MountRequest request, JournalReplay replay) throws IOException {
      this.slot = Math.max(0, request.slot());
      int slots = Superblock.slotCount(superblock);
      replay.replay(IntStream.range(0, slots).boxed().toList());
    }

    @Override
    public int slot() {
      return slot;
    }

    @Override
    public ClusterLocks locks() {
      return locks;
    }

    @Override
    public void start() {}

    @Override
    public void onWithdraw(Consumer<Throwable> listener) {
      this.listener = listener;
    }

    @Override
    public void withdraw(Throwable cause) {
      withdrawn = true;
      listener.accept(cause);
      locks.withdraw(cause);
    }

    @Override
    public boolean withdrawn() {
      return withdrawn;
    }

    @Override
    public void releaseLocks() {
      locks.close();
    }

    @Override
    public void close() {
      // Nobody else knows of this mount; what could not be given back in order ends here.
      locks.withdraw(new IOException("the mount ended"));
      locks.close();
    }
  }
}
