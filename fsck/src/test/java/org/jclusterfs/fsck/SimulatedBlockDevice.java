package org.jclusterfs.fsck;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.FencedException;
import org.jclusterfs.core.device.Fencing;
import org.jclusterfs.core.device.WriteGate;
import org.jclusterfs.journal.testing.SimulatedDisk;

/** One node's connection to a {@link SimulatedDisk}; operations take effect in the caller. */
final class SimulatedBlockDevice implements BlockDevice {
  static final int BLOCK = 4096;

  /** Registrations of all connections to one disk. */
  static final class Registrations {
    private final Map<Integer, Long> keys = new HashMap<>();
    private Runnable beforePreempt = () -> {};
    private Runnable afterPreempt = () -> {};

    /** Sets what happens right before a registration is taken away, and right after. */
    synchronized void aroundPreempt(Runnable before, Runnable after) {
      beforePreempt = before;
      afterPreempt = after;
    }
  }

  private static final ByteBuffer ZEROS = ByteBuffer.allocate(BLOCK);
  private static final ByteBuffer GARBAGE = ByteBuffer.allocate(BLOCK);

  static {
    Arrays.fill(GARBAGE.array(), (byte) 0xdb);
  }

  private final SimulatedDisk disk;
  private final Registrations registrations;
  private volatile WriteGate gate = WriteGate.OPEN;
  private volatile boolean closed;
  private volatile int slot = -1;
  private volatile long key;

  SimulatedBlockDevice(SimulatedDisk disk, Registrations registrations) {
    this.disk = disk;
    this.registrations = registrations;
  }

  SimulatedBlockDevice(SimulatedDisk disk) {
    this(disk, new Registrations());
  }

  /** A disk that holds the content of an image. */
  static SimulatedDisk disk(byte[] image) {
    Map<Long, byte[]> blocks = new HashMap<>();
    byte[] zeros = new byte[BLOCK];
    for (int at = 0; at < image.length; at += BLOCK) {
      if (!Arrays.equals(image, at, at + BLOCK, zeros, 0, BLOCK)) {
        blocks.put((long) at / BLOCK, Arrays.copyOfRange(image, at, at + BLOCK));
      }
    }
    SimulatedDisk empty = new SimulatedDisk(BLOCK, image.length / BLOCK);
    return new SimulatedDisk(empty.image().with(blocks));
  }

  private interface Io {
    void run() throws IOException;
  }

  private CompletableFuture<Void> run(Io io) {
    try {
      if (closed) {
        throw new IOException("the device is closed");
      }
      io.run();
      return CompletableFuture.completedFuture(null);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static long block(long offset) throws IOException {
    if (offset < 0 || offset % BLOCK != 0) {
      throw new IOException("access at offset " + offset);
    }
    return offset / BLOCK;
  }

  @Override
  public String description() {
    return "simulated";
  }

  @Override
  public long size() {
    return disk.blocks() * BLOCK;
  }

  @Override
  public int logicalBlockSize() {
    return BLOCK;
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return run(() -> disk.read(block(offset), dst));
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return write(offset, src, disk::write);
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return write(offset, src, disk::writeDurably);
  }

  private interface Write {
    void run(long block, ByteBuffer src) throws IOException;
  }

  private CompletableFuture<Void> write(long offset, ByteBuffer src, Write write) {
    return run(
        () -> {
          synchronized (registrations) {
            requireRegistration();
            if (!gate.mayWrite()) {
              throw new FencedException("the write gate is closed");
            }
            write.run(block(offset), src);
          }
        });
  }

  private void requireRegistration() throws FencedException {
    if (slot >= 0 && !Long.valueOf(key).equals(registrations.keys.get(slot))) {
      throw new FencedException("the registration of slot " + slot + " is gone");
    }
  }

  /**
   * A write that left this node earlier reaches the disk.
   *
   * @throws FencedException if the node was fenced meanwhile: nothing is written
   */
  void land(long offset, ByteBuffer src, boolean durably) throws IOException {
    synchronized (registrations) {
      requireRegistration();
      if (durably) {
        disk.writeDurably(block(offset), src);
      } else {
        disk.write(block(offset), src);
      }
    }
  }

  @Override
  public CompletableFuture<Void> flush() {
    return run(disk::flush);
  }

  @Override
  public boolean canDiscard() {
    return true;
  }

  /** What is discarded turns to garbage, as volatile as what is written. */
  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return run(
        () -> {
          synchronized (registrations) {
            requireRegistration();
            ByteBuffer content = ByteBuffer.allocate(BLOCK);
            for (long at = block(offset); at < block(offset + length); at++) {
              disk.read(at, content.clear());
              if (!content.flip().equals(ZEROS.duplicate())) {
                disk.write(at, GARBAGE.duplicate());
              }
            }
          }
        });
  }

  @Override
  public boolean hasVolatileWriteCache() {
    return true;
  }

  @Override
  public void setWriteGate(WriteGate newGate) {
    gate = newGate;
  }

  @Override
  public Fencing fencing() {
    return new Registration();
  }

  @Override
  public List<InetAddress> localAddresses() {
    return List.of(InetAddress.getLoopbackAddress());
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class Registration implements Fencing {
    @Override
    public boolean register(int wanted, long newKey) {
      synchronized (registrations) {
        if (registrations.keys.putIfAbsent(wanted, newKey) != null) {
          return false;
        }
        slot = wanted;
        key = newKey;
        return true;
      }
    }

    @Override
    public void unregister(int held, long oldKey) {
      synchronized (registrations) {
        registrations.keys.remove(held, oldKey);
        if (slot == held) {
          slot = -1;
        }
      }
    }

    @Override
    public void fence(Victim victim) {
      synchronized (registrations) {
        registrations.beforePreempt.run();
        registrations.keys.remove(victim.slot(), victim.key());
        registrations.afterPreempt.run();
      }
    }

    @Override
    public String describe() {
      return "in memory";
    }

    @Override
    public boolean supportsCluster() {
      return true;
    }
  }
}
