package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.cluster.ExclusiveClaim;
import org.jclusterfs.core.cluster.LocalLocks;
import org.jclusterfs.core.cluster.Recovery;
import org.jclusterfs.core.cluster.SlotInfo;
import org.jclusterfs.core.cluster.VolumeInUseException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.status.ClusterStatus;
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
        : Alone.claim(device, superblock, request, replay);
  }

  int slot();

  ClusterLocks locks();

  /** The callbacks are registered: other nodes may ask for locks from now on. */
  void start() throws IOException;

  void onWithdraw(Consumer<Throwable> listener);

  void withdraw(Throwable cause);

  boolean withdrawn();

  /** This node among the others. */
  ClusterStatus status();

  /** Gives every lock back; callbacks run. */
  void releaseLocks();

  void close() throws IOException;

  /**
   * The only node of a volume (cluster=none): holds the volume as a tool does that writes, so that
   * nodes and tools that come meanwhile are refused.
   */
  final class Alone implements NodeMembership {
    private static final long CHECK_MILLIS = 500;

    private final LocalLocks locks = new LocalLocks();
    private final ExclusiveClaim claim;
    private final Thread checker = new Thread(this::check, "jclusterfs-claim");
    private final AtomicBoolean withdrawn = new AtomicBoolean();
    private final ClusterVolume volume;
    private final String fencing;
    private volatile String reason;
    private volatile boolean closed;
    private volatile Consumer<Throwable> listener = cause -> {};

    private Alone(ExclusiveClaim claim, ClusterVolume volume, String fencing) {
      this.claim = claim;
      this.volume = volume;
      this.fencing = fencing;
      checker.setDaemon(true);
    }

    static Alone claim(
        BlockDevice device, ByteBuffer superblock, MountRequest request, JournalReplay replay)
        throws IOException, MountException {
      if (request.slot() >= 0) {
        throw new MountException("slot=N cannot be given with cluster=none: any slot will do");
      }
      ClusterVolume volume = ClusterVolume.of(superblock).withThreshold(request.thresholdMillis());
      ExclusiveClaim claim;
      try {
        claim = ExclusiveClaim.takeToMount(device, volume);
      } catch (VolumeInUseException e) {
        throw new MountException(
            e.getMessage() + "; cluster=none wants a volume that nobody else uses", e);
      }
      boolean recovered = false;
      try {
        replay.replay(IntStream.range(0, Superblock.slotCount(superblock)).boxed().toList());
        claim.recover(REPLAYED);
        recovered = true;
        return new Alone(claim, volume, device.fencing().describe());
      } finally {
        if (!recovered) {
          claim.close();
        }
      }
    }

    /** All journals have been replayed together; what remains is to free the slots. */
    private static final Recovery REPLAYED =
        new Recovery() {
          @Override
          public void replay(SlotInfo slot) {}

          @Override
          public void adoptOrphans(SlotInfo slot) {}
        };

    @Override
    public int slot() {
      return claim.slot().slot();
    }

    @Override
    public ClusterLocks locks() {
      return locks;
    }

    @Override
    public void start() {
      checker.start();
    }

    /** A long pause may have cost the volume. */
    private void check() {
      try {
        while (!closed && !withdrawn.get()) {
          claim.check();
          Thread.sleep(CHECK_MILLIS);
        }
      } catch (IOException e) {
        if (!closed) {
          withdraw(e);
        }
      } catch (InterruptedException e) {
        // Closed.
      }
    }

    @Override
    public void onWithdraw(Consumer<Throwable> listener) {
      this.listener = listener;
    }

    @Override
    public void withdraw(Throwable cause) {
      if (withdrawn.compareAndSet(false, true)) {
        System.getLogger(NodeMembership.class.getName())
            .log(System.Logger.Level.ERROR, "this node stops: {0}", cause.getMessage());
        reason = String.valueOf(cause.getMessage());
        claim.abandon();
        locks.withdraw(cause);
        listener.accept(cause);
      }
    }

    @Override
    public boolean withdrawn() {
      return withdrawn.get();
    }

    @Override
    public ClusterStatus status() {
      return new ClusterStatus(
          false,
          slot(),
          reason,
          0,
          volume.thresholdMillis(),
          volume.selfStopMillis(),
          volume.beatMillis(),
          fencing,
          0,
          List.of());
    }

    @Override
    public void releaseLocks() {
      locks.close();
    }

    @Override
    public void close() throws IOException {
      closed = true;
      checker.interrupt();
      locks.withdraw(new IOException("the mount ended"));
      locks.close();
      // After a withdrawal this does nothing: the slot stays, to be recovered.
      claim.close();
    }
  }
}
