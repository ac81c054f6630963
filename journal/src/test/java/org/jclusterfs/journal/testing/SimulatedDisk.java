package org.jclusterfs.journal.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntPredicate;

/**
 * A LUN in memory with a volatile write cache. Writes are volatile until a flush, which covers the
 * whole LUN whoever wrote; at a power cut any subset of the volatile blocks lands, the last ones
 * torn at 512-byte sectors. Sparse: blocks never written read as zeros. Thread-safe.
 */
public final class SimulatedDisk {

  /** What a block lands as when a write of it is torn: this many bytes each. */
  public static final int SECTOR_BYTES = 512;

  /** Kind of a recorded operation. */
  public enum Kind {
    /** A read of blocks. */
    READ,
    /** A write of blocks. */
    WRITE,
    /** A write of blocks that is durable when it is acknowledged (FUA). */
    DURABLE_WRITE,
    /** A flush of the whole LUN. */
    FLUSH
  }

  /**
   * One operation, as the disk saw it.
   *
   * @param kind what it was
   * @param block first block; 0 for a flush
   * @param blocks number of blocks; 0 for a flush
   */
  public record Operation(Kind kind, long block, int blocks) {}

  /** Called before each operation takes effect; throws to make it fail. May block the caller. */
  @FunctionalInterface
  public interface Interceptor {
    /** Sees an operation; an exception fails it without effect. */
    void before(Operation operation) throws IOException;
  }

  /** A LUN that does not do what it is told; its operations go on for everybody. */
  public interface Misbehaviour extends Interceptor {
    /** Where the first block of a write lands. */
    default long target(Operation write) {
      return write.block();
    }

    /** Changes what a reader gets of a block; the disk keeps what it has. */
    default void onTheWay(long block, byte[] content) {}
  }

  private static final Misbehaviour WELL_BEHAVED = operation -> {};

  private record VolatileBlock(long block, byte[] content) {}

  private final int blockSize;
  private final long blocks;
  private final DiskImage base;
  private final Map<Long, byte[]> durable = new HashMap<>();
  private final Map<Long, byte[]> cached = new HashMap<>();
  private final List<VolatileBlock> unflushed = new ArrayList<>();
  private final List<Operation> history = new ArrayList<>();
  private Interceptor interceptor = operation -> {};
  private Misbehaviour misbehaviour = WELL_BEHAVED;
  private long changes;
  private long powerCutAt = Long.MAX_VALUE;
  private boolean dead;
  private boolean ignoreFlushes;
  private DiskRecording recording;

  /** A disk of zeros. */
  public SimulatedDisk(int blockSize, long blocks) {
    this(DiskImage.zeros(blockSize, blocks));
  }

  /** A disk with this durable content, which stays as it is. */
  public SimulatedDisk(DiskImage image) {
    this.blockSize = image.blockSize();
    this.blocks = image.blocks();
    this.base = image;
  }

  /** The durable content as it is now. */
  public synchronized DiskImage image() {
    return base.with(new HashMap<>(durable));
  }

  /** Begins to record, with what is volatile by now made durable. */
  public synchronized DiskRecording record() {
    durable.putAll(cached);
    cached.clear();
    unflushed.clear();
    recording = new DiskRecording(image());
    return recording;
  }

  /** Block size in bytes. */
  public int blockSize() {
    return blockSize;
  }

  /** Size in blocks. */
  public long blocks() {
    return blocks;
  }

  /** Lets {@code seen} see, delay or fail each later operation. */
  public synchronized void intercept(Interceptor seen) {
    interceptor = seen;
  }

  /** Lets later operations go wrong, after the interceptor has seen them; null: none any more. */
  public synchronized void misbehave(Misbehaviour how) {
    misbehaviour = how == null ? WELL_BEHAVED : how;
  }

  /** Plants a fault: flushes do nothing, nor is any write durable, and both are acknowledged. */
  public synchronized void ignoreFlushes(boolean ignore) {
    ignoreFlushes = ignore;
  }

  /** Lets the power fail at the n-th write or flush from now on, counted from 1. */
  public synchronized void cutPowerAt(long n) {
    powerCutAt = changes + n;
  }

  /** Writes and flushes so far. */
  public synchronized long changes() {
    return changes;
  }

  /** Whether the power is off: every operation fails. */
  public synchronized boolean isDead() {
    return dead;
  }

  /** Operations so far, in order; forgets them. */
  public synchronized List<Operation> takeHistory() {
    List<Operation> result = List.copyOf(history);
    history.clear();
    return result;
  }

  /** Blocks written and not flushed; a block written twice counts twice. */
  public synchronized int volatileBlocks() {
    return unflushed.size();
  }

  /** Reads whole blocks into the rest of {@code dst}. */
  public void read(long block, ByteBuffer dst) throws IOException {
    int count = dst.remaining() / blockSize;
    before(new Operation(Kind.READ, block, count));
    synchronized (this) {
      failIfDead();
      for (int i = 0; i < count; i++) {
        byte[] content = cached.get(block + i);
        if (content == null) {
          content = durable(block + i);
        }
        if (misbehaviour != WELL_BEHAVED) {
          content = content.clone();
          misbehaviour.onTheWay(block + i, content);
        }
        dst.put(content);
      }
    }
  }

  private byte[] durable(long block) {
    byte[] content = durable.get(block);
    return content == null ? base.block(block) : content;
  }

  /** Writes whole blocks: volatile, but visible to every reader at once. */
  public void write(long block, ByteBuffer src) throws IOException {
    write(Kind.WRITE, block, src);
  }

  /**
   * Writes whole blocks through the cache (FUA): durable when this returns. A power cut meanwhile
   * treats them as any others.
   */
  public void writeDurably(long block, ByteBuffer src) throws IOException {
    write(Kind.DURABLE_WRITE, block, src);
  }

  private void write(Kind kind, long wanted, ByteBuffer src) throws IOException {
    int count = src.remaining() / blockSize;
    if (src.remaining() % blockSize != 0 || wanted < 0 || wanted + count > blocks) {
      throw new IOException("write of " + src.remaining() + " bytes at block " + wanted);
    }
    Operation operation = new Operation(kind, wanted, count);
    before(operation);
    synchronized (this) {
      failIfDead();
      long block = misbehaviour.target(operation);
      changes++;
      int before = unflushed.size();
      boolean over = false;
      List<byte[]> contents = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        byte[] content = new byte[blockSize];
        src.get(content);
        contents.add(content);
        over |= cached.containsKey(block + i);
        cached.put(block + i, content);
        unflushed.add(new VolatileBlock(block + i, content));
      }
      if (recording != null) {
        recording.wrote(kind == Kind.DURABLE_WRITE && !ignoreFlushes, block, contents);
      }
      dieIfDue();
      if (kind == Kind.DURABLE_WRITE && !ignoreFlushes) {
        for (int n = unflushed.size(); n > before; n--) {
          unflushed.remove(n - 1);
        }
        if (over) {
          unflushed.removeIf(write -> write.block() >= block && write.block() < block + count);
        }
        for (int i = 0; i < count; i++) {
          durable.put(block + i, cached.remove(block + i));
        }
      }
    }
  }

  /** Makes everything written so far durable. */
  public void flush() throws IOException {
    before(new Operation(Kind.FLUSH, 0, 0));
    synchronized (this) {
      failIfDead();
      changes++;
      dieIfDue();
      if (!ignoreFlushes) {
        if (recording != null) {
          recording.flushed();
        }
        durable.putAll(cached);
        cached.clear();
        unflushed.clear();
      }
    }
  }

  private void before(Operation operation) throws IOException {
    Interceptor seen;
    Interceptor wrong;
    synchronized (this) {
      failIfDead();
      history.add(operation);
      seen = interceptor;
      wrong = misbehaviour;
    }
    seen.before(operation);
    wrong.before(operation);
  }

  private void failIfDead() throws IOException {
    if (dead) {
      throw new IOException("power is off");
    }
  }

  private void dieIfDue() throws IOException {
    if (changes >= powerCutAt) {
      dead = true;
      failIfDead();
    }
  }

  /** Cuts the power now. */
  public synchronized void cutPower() {
    dead = true;
  }

  /** The disk after the power is back, when of the volatile blocks those numbered so landed. */
  public synchronized SimulatedDisk afterPowerCut(IntPredicate landed) {
    return afterPowerCut(landed, null);
  }

  /**
   * The disk after the power is back.
   *
   * @param landed which of the volatile blocks landed, by number from 0 in the order of writing
   * @param tear if not null, every landed block may be torn: only some of its sectors landed
   */
  public synchronized SimulatedDisk afterPowerCut(IntPredicate landed, Random tear) {
    SimulatedDisk disk = new SimulatedDisk(base);
    disk.durable.putAll(durable);
    for (int i = 0; i < unflushed.size(); i++) {
      if (!landed.test(i)) {
        continue;
      }
      VolatileBlock write = unflushed.get(i);
      byte[] content = write.content();
      if (tear != null && tear.nextInt(4) == 0) {
        byte[] below = disk.durable(write.block()).clone();
        for (int at = 0; at < blockSize; at += SECTOR_BYTES) {
          if (tear.nextBoolean()) {
            System.arraycopy(content, at, below, at, SECTOR_BYTES);
          }
        }
        content = below;
      }
      disk.durable.put(write.block(), content);
    }
    return disk;
  }

  /** {@link #afterPowerCut} with a seeded subset, torn. */
  public SimulatedDisk afterPowerCut(long seed) {
    Random random = new Random(seed);
    int share = 1 + random.nextInt(7);
    return afterPowerCut(i -> random.nextInt(8) < share, random);
  }

  /**
   * Another host writes a block through the cache (FUA): durable at once, over anything volatile.
   */
  public synchronized void writeDurably(long block, byte[] content) {
    unflushed.removeIf(write -> write.block() == block);
    cached.remove(block);
    durable.put(block, content.clone());
  }

  /** Flips a bit of a durable block behind everybody's back. */
  public synchronized void flipBit(long block, int bit) {
    byte[] content = durable(block).clone();
    content[bit / 8] ^= (byte) (1 << (bit % 8));
    durable.put(block, content);
  }
}
