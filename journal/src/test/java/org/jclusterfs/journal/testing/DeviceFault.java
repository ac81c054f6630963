package org.jclusterfs.journal.testing;

import java.io.IOException;
import java.util.Random;
import java.util.function.LongPredicate;

/**
 * One seeded fault of a LUN: from one of its operations on, that of a kind goes wrong, once or for
 * ever at the same block. Thread-safe.
 */
public final class DeviceFault implements SimulatedDisk.Misbehaviour {

  /** What goes wrong. */
  public enum Kind {
    /** A read fails. */
    READ_ERROR,
    /** A write fails, and nothing of it lands. */
    WRITE_ERROR,
    /** A write is acknowledged and lands at another address. */
    MISDIRECTED_WRITE,
    /** A bit of a block is another one for who reads it; the disk has the right one. */
    FLIPPED_ON_THE_WAY,
    /** A bit of a block flips on the disk. */
    FLIPPED_ON_DISK
  }

  private final Kind kind;
  private final boolean permanent;
  private final Random random;
  private final SimulatedDisk disk;
  private final LongPredicate victims;
  private long countdown;
  private long block = -1;
  private int bit;
  private long landedAt = -1;

  /**
   * A fault that waits for its operation.
   *
   * @param after operations of its kind on possible victims that go well before it
   * @param victims blocks that it may hit
   */
  public DeviceFault(
      Kind kind,
      boolean permanent,
      long after,
      SimulatedDisk disk,
      LongPredicate victims,
      Random random) {
    this.kind = kind;
    this.permanent = permanent;
    this.countdown = after;
    this.disk = disk;
    this.victims = victims;
    this.random = new Random(random.nextLong());
  }

  /** What it is. */
  public Kind kind() {
    return kind;
  }

  /** The block that it hit, or −1. */
  public synchronized long block() {
    return block;
  }

  /** Where a misdirected write landed, or −1. */
  public synchronized long landedAt() {
    return landedAt;
  }

  private boolean concerns(SimulatedDisk.Kind operation) {
    return switch (kind) {
      case READ_ERROR, FLIPPED_ON_THE_WAY, FLIPPED_ON_DISK -> operation == SimulatedDisk.Kind.READ;
      case WRITE_ERROR, MISDIRECTED_WRITE ->
          operation == SimulatedDisk.Kind.WRITE || operation == SimulatedDisk.Kind.DURABLE_WRITE;
    };
  }

  /** Whether it strikes at this operation. */
  private boolean strikes(SimulatedDisk.Operation operation) {
    if (block >= 0) {
      return permanent
          && concerns(operation.kind())
          && block >= operation.block()
          && block < operation.block() + operation.blocks();
    }
    if (!concerns(operation.kind())) {
      return false;
    }
    for (long each = operation.block(); each < operation.block() + operation.blocks(); each++) {
      if (victims.test(each)) {
        if (countdown-- > 0) {
          return false;
        }
        block = each;
        bit = random.nextInt(disk.blockSize() * 8);
        return true;
      }
    }
    return false;
  }

  @Override
  public void before(SimulatedDisk.Operation operation) throws IOException {
    // The disk's monitor first, as where it calls the other methods with it.
    synchronized (disk) {
      strikeBefore(operation);
    }
  }

  private synchronized void strikeBefore(SimulatedDisk.Operation operation) throws IOException {
    switch (kind) {
      case READ_ERROR, WRITE_ERROR -> {
        if (strikes(operation)) {
          throw new IOException("medium error at block " + block);
        }
      }
      case FLIPPED_ON_DISK -> {
        if (block < 0 && strikes(operation)) {
          disk.flipBit(block, bit);
        }
      }
      case FLIPPED_ON_THE_WAY -> {
        if (block < 0) {
          strikes(operation);
        } else if (!permanent) {
          // That was the one before.
          bit = -1;
        }
      }
      default -> {}
    }
  }

  @Override
  public synchronized long target(SimulatedDisk.Operation write) {
    if (kind != Kind.MISDIRECTED_WRITE || landedAt >= 0 || !strikes(write)) {
      return write.block();
    }
    do {
      landedAt = random.nextInt((int) (disk.blocks() - write.blocks()));
    } while (!victims.test(landedAt) || landedAt == write.block());
    return landedAt;
  }

  @Override
  public synchronized void onTheWay(long read, byte[] content) {
    if (kind == Kind.FLIPPED_ON_THE_WAY && read == block && bit >= 0) {
      content[bit / 8] ^= (byte) (1 << (bit % 8));
    }
  }

  @Override
  public synchronized String toString() {
    return kind
        + (permanent ? " for ever" : " once")
        + " at block "
        + block
        + (landedAt < 0 ? "" : ", landed at " + landedAt);
  }
}
