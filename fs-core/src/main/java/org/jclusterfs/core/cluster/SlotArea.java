package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockDamage;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.FenceBlock;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;

/**
 * The slot descriptors, heartbeat and fence blocks of a volume. Calls block unless they return a
 * future. Thread-safe; two writers of one block are the callers' affair.
 */
final class SlotArea {

  private static final int BLOCK = BlockHeader.BLOCK_SIZE;

  private final BlockDevice device;
  private final BlockDevice urgent;
  private final ClusterVolume volume;

  SlotArea(BlockDevice device, ClusterVolume volume) {
    this.device = device;
    urgent = device.urgent();
    this.volume = volume;
  }

  BlockDevice device() {
    return device;
  }

  ClusterVolume volume() {
    return volume;
  }

  /** All slots that can be claimed. */
  List<SlotInfo> slots() throws IOException {
    int count = volume.geometry().slotCount();
    ByteBuffer all = read(volume.geometry().slotBlock(0), count);
    List<SlotInfo> slots = new ArrayList<>();
    for (int slot = 0; slot < count; slot++) {
      long address = volume.geometry().slotBlock(slot);
      ByteBuffer block = part(all, slot);
      // A write may be under way: read again before it is judged.
      slots.add(
          damage(block, SlotDescriptor.MAGIC, address) == null ? SlotInfo.read(block) : slot(slot));
    }
    return slots;
  }

  SlotInfo slot(int slot) throws IOException {
    return SlotInfo.read(readSlot(slot));
  }

  private ByteBuffer readSlot(int slot) throws IOException {
    return checked(SlotDescriptor.MAGIC, volume.geometry().slotBlock(slot), "slot descriptor");
  }

  /** Writes a descriptor over the present one and makes it durable. */
  void writeSlot(SlotInfo info) throws IOException {
    ByteBuffer block = readSlot(info.slot());
    info.write(block);
    writeSealed(block, volume.geometry().slotBlock(info.slot()));
    await(urgent.flush());
  }

  /** The heartbeats of all slots that can be claimed; null where a block is damaged just now. */
  List<Beat> beats() throws IOException {
    int count = volume.geometry().slotCount();
    ByteBuffer all = read(volume.geometry().heartbeatBlock(0), count);
    List<Beat> beats = new ArrayList<>();
    for (int slot = 0; slot < count; slot++) {
      ByteBuffer block = part(all, slot);
      boolean good = damage(block, Heartbeat.MAGIC, volume.geometry().heartbeatBlock(slot)) == null;
      beats.add(good ? Beat.read(block) : null);
    }
    return beats;
  }

  CompletableFuture<Void> writeBeat(Beat beat) {
    long address = volume.geometry().heartbeatBlock(beat.slot());
    ByteBuffer block = BlockHeader.allocate();
    BlockHeader.initialise(block, Heartbeat.MAGIC, address, volume.uuid(), beat.slot());
    BlockHeader.version(block, beat.sequence());
    beat.write(block);
    BlockHeader.seal(block);
    return urgent.write(address * BLOCK, block.clear());
  }

  /** The incarnation of a slot that was fenced last, 0: none. */
  long fencedIncarnation(int slot) throws IOException {
    return FenceBlock.incarnation(readFence(slot));
  }

  private ByteBuffer readFence(int slot) throws IOException {
    return checked(FenceBlock.MAGIC, volume.geometry().fenceBlock(slot), "fence block");
  }

  /** Tells a slot's incarnation durably that it must not write any more. */
  void markFenced(int victim, long incarnation, int fencer) throws IOException {
    ByteBuffer block = readFence(victim);
    FenceBlock.slot(block, victim);
    FenceBlock.fencer(block, fencer);
    FenceBlock.incarnation(block, incarnation);
    FenceBlock.fencedAt(block, System.currentTimeMillis());
    writeSealed(block, volume.geometry().fenceBlock(victim));
    await(urgent.flush());
  }

  private void writeSealed(ByteBuffer block, long address) throws IOException {
    BlockHeader.version(block, BlockHeader.version(block) + 1);
    BlockHeader.seal(block);
    await(urgent.write(address * BLOCK, block.duplicate().clear()));
  }

  private ByteBuffer checked(int magic, long address, String what) throws IOException {
    BlockDamage damage = null;
    for (int attempt = 0; attempt < 3; attempt++) {
      ByteBuffer block = read(address, 1);
      damage = damage(block, magic, address);
      if (damage == null) {
        return block;
      }
    }
    throw new IOException(
        device.description()
            + ": the "
            + what
            + " in block "
            + address
            + " "
            + damage.text()
            + "; run fsck.jclusterfs");
  }

  private BlockDamage damage(ByteBuffer block, int magic, long address) {
    return BlockHeader.check(block, magic, address, volume.uuid());
  }

  private ByteBuffer read(long address, int blocks) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(blocks * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    await(urgent.read(address * BLOCK, buffer.duplicate()));
    return buffer;
  }

  private static ByteBuffer part(ByteBuffer all, int index) {
    return all.slice(index * BLOCK, BLOCK).order(ByteOrder.LITTLE_ENDIAN);
  }

  static void await(CompletableFuture<?> operation) throws IOException {
    try {
      operation.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while waiting for the device").initCause(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(e.getCause());
    }
  }
}
