package org.jclusterfs.core.device;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.status.PathStatus;

/**
 * A random-access device shared by the nodes of a cluster.
 *
 * <p>Operations are asynchronous, may overlap and complete in any order; overlapping writes that
 * are in flight together have no defined order, so a caller waits for the first. A buffer handed
 * over is frozen until its future completes. Writes are volatile until a {@link #flush()} begun
 * after their completion has completed, unless they are {@linkplain #writeDurably durable}.
 * Failures complete the future with an {@link java.io.IOException}; {@link FencedException} tells
 * that this node lost its right to write. Offsets and lengths are bytes and multiples of {@link
 * #logicalBlockSize()}. Thread-safe.
 */
public interface BlockDevice extends AutoCloseable {

  /** The DEVICE string as the user would write it, for messages. */
  String description();

  /** Size in bytes. */
  long size();

  /** Smallest addressable unit in bytes: 512 or 4096. */
  int logicalBlockSize();

  /** Fills {@code dst} from {@code offset} on. */
  CompletableFuture<Void> read(long offset, ByteBuffer dst);

  /** Writes all of {@code src} at {@code offset}. */
  CompletableFuture<Void> write(long offset, ByteBuffer src);

  /**
   * As {@link #write}, and complete only when {@code src} is durable; other writes stay as volatile
   * as they are. One wait for the device where it can (FUA).
   */
  default CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return write(offset, src).thenCompose(written -> flush());
  }

  /** Makes every completed write of every node durable; cheap where there is no write cache. */
  CompletableFuture<Void> flush();

  /** Whether {@link #discard} does anything. */
  default boolean canDiscard() {
    return false;
  }

  /** Tells the device that a range is no longer used; a hint, its later content is undefined. */
  CompletableFuture<Void> discard(long offset, long length);

  /** Whether completed writes can be lost by a power cut of the device before a flush. */
  boolean hasVolatileWriteCache();

  /**
   * Sets the gate that every later write passes when it is put on the wire, also when it is sent
   * again: a closed gate fails it with {@link FencedException}. Heartbeats pass it like the rest.
   */
  void setWriteGate(WriteGate gate);

  /**
   * Sets what is asked after each reconnect of a registered node; before it registers. Devices
   * whose registration cannot get lost never ask.
   */
  default void setFenceCheck(FenceCheck check) {}

  /**
   * The same device by a way of its own, which ordinary operations do not hold up: for heartbeats
   * and fencing. Closed with the device.
   */
  default BlockDevice urgent() {
    return this;
  }

  /** How other nodes can be kept from writing to this device. */
  Fencing fencing();

  /**
   * This host's addresses on the connections to the device, by which other nodes most likely reach
   * it too; loopback for a device that only this host can see.
   */
  List<java.net.InetAddress> localAddresses();

  /** The ways to the device, each with its state; none where it needs no network. */
  default List<PathStatus> paths() {
    return List.of();
  }

  /** Ends all operations in flight with an error and releases the device. */
  @Override
  void close();
}
