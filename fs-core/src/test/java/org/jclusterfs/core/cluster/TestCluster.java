package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.MemoryBlockDevice;
import org.jclusterfs.core.device.ProcessIdentity;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.FenceBlock;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;

/** A volume in memory with nothing on it but its slots, and nodes of this JVM that share it. */
final class TestCluster implements AutoCloseable {

  static final int BLOCK = BlockHeader.BLOCK_SIZE;

  final MemoryBlockDevice.Disk disk = new MemoryBlockDevice.Disk(65536L * BLOCK);
  final ClusterVolume volume;
  final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private final List<Node> nodes = new ArrayList<>();

  /** One node with its connection to the disk. */
  final class Node {
    final MemoryBlockDevice device = disk.connect();
    final RecordingCallbacks callbacks = new RecordingCallbacks();
    ClusterNode cluster;

    Node claim() throws IOException {
      cluster =
          ClusterNode.join(
              device, volume, new JoinOptions(-1, "127.0.0.1", 0, elsewhere(), 10_000), recovery());
      nodes.add(this);
      cluster.locks().register(LockType.INODE, callbacks);
      return this;
    }

    Node join() throws IOException {
      claim();
      cluster.start();
      return this;
    }

    ClusterLocks locks() {
      return cluster.locks();
    }
  }

  TestCluster(int slots) throws IOException {
    volume =
        new ClusterVolume(
            UUID.randomUUID(),
            new byte[32],
            new Geometry(65536, 32, slots, 4096, 16128, 1, 3),
            5000);
    BlockDevice device = disk.connect();
    for (int slot = 0; slot < slots; slot++) {
      int number = slot;
      ByteBuffer descriptor = block(SlotDescriptor.MAGIC, volume.geometry().slotBlock(slot), slot);
      SlotDescriptor.slot(descriptor, number);
      SlotDescriptor.journalStart(descriptor, 800 + 100L * number);
      SlotDescriptor.journalBlocks(descriptor, 100);
      write(device, descriptor);
      ByteBuffer beat = block(Heartbeat.MAGIC, volume.geometry().heartbeatBlock(slot), slot);
      Heartbeat.slot(beat, slot);
      write(device, beat);
      ByteBuffer fence = block(FenceBlock.MAGIC, volume.geometry().fenceBlock(slot), slot);
      FenceBlock.slot(fence, slot);
      write(device, fence);
    }
    device.close();
  }

  private ByteBuffer block(int magic, long address, int slot) {
    ByteBuffer block = BlockHeader.allocate();
    BlockHeader.initialise(block, magic, address, volume.uuid(), slot);
    return block;
  }

  private static void write(BlockDevice device, ByteBuffer block) throws IOException {
    BlockHeader.seal(block);
    SlotArea.await(device.write(BlockHeader.address(block) * BLOCK, block.clear()));
  }

  Node node() {
    return new Node();
  }

  SlotArea area() {
    return new SlotArea(disk.connect(), volume);
  }

  Recovery recovery() {
    return new Recovery() {
      @Override
      public void replay(SlotInfo slot) {
        log.add("replay " + slot.slot());
      }

      @Override
      public void adoptOrphans(SlotInfo slot) {
        log.add("adopt " + slot.slot());
      }
    };
  }

  /** An identity that this host can say nothing about, so that heartbeats decide. */
  static ProcessIdentity elsewhere() {
    return new ProcessIdentity(UUID.randomUUID(), 1, 2, 3);
  }

  @Override
  public void close() throws IOException {
    for (Node node : nodes) {
      node.cluster.close();
    }
  }
}
