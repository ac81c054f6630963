package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.ClusterNode;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.cluster.JoinOptions;
import org.jclusterfs.core.cluster.Recovery;
import org.jclusterfs.core.cluster.SlotInfo;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.status.ClusterStatus;
import org.jclusterfs.core.volume.JournalReplay;

/** A member of the volume's cluster. */
final class ClusteredNode implements NodeMembership {
  private final ClusterNode node;

  private ClusteredNode(ClusterNode node) {
    this.node = node;
  }

  static NodeMembership join(
      BlockDevice device,
      ByteBuffer superblock,
      MountRequest request,
      JournalReplay replay,
      IntConsumer adopt)
      throws IOException {
    ClusterVolume volume = ClusterVolume.of(superblock).withThreshold(request.thresholdMillis());
    JoinOptions options =
        new JoinOptions(
            request.slot(),
            request.address(),
            request.port(),
            null,
            JoinOptions.DEFAULTS.joinTimeoutMillis());
    Recovery recovery =
        new Recovery() {
          @Override
          public void replay(SlotInfo slot) throws IOException {
            // One at a time is enough: a block changes from metadata to data only after the bitmap
            // that says so is in place, whatever the other journals hold; and where the bitmap in
            // place says that it is no metadata, replay looks into them for a newer one.
            replay.replay(List.of(slot.slot()));
          }

          @Override
          public void adoptOrphans(SlotInfo slot) {
            adopt.accept(slot.slot());
          }
        };
    return new ClusteredNode(ClusterNode.join(device, volume, options, recovery));
  }

  @Override
  public int slot() {
    return node.slot().slot();
  }

  @Override
  public ClusterLocks locks() {
    return node.locks();
  }

  @Override
  public void start() throws IOException {
    node.start();
  }

  @Override
  public void onWithdraw(Consumer<Throwable> listener) {
    node.onWithdraw(listener);
  }

  @Override
  public void withdraw(Throwable cause) {
    node.withdraw(cause);
  }

  @Override
  public boolean withdrawn() {
    return node.withdrawn() != null;
  }

  @Override
  public ClusterStatus status() {
    return node.status();
  }

  @Override
  public void releaseLocks() {
    node.locks().close();
  }

  @Override
  public void close() throws IOException {
    node.close();
  }
}
