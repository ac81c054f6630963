package org.jclusterfs.journal.testing;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.zip.CRC32C;
import org.jclusterfs.journal.BlockImage;
import org.jclusterfs.journal.BlockInspector;
import org.jclusterfs.journal.LockTag;

/**
 * A metadata block for tests: magic, checksum, address, version and one value, and a rest that
 * compresses well or not at all. Not thread-safe but for what the journal's gate protects.
 */
public final class TestBlock implements BlockImage {

  private static final int MAGIC = 0x54424C4B;
  private static final int VERSION_AT = 16;
  private static final int VALUE_AT = 24;
  private static final int FILL_AT = 32;

  /** Reads the version of a test block. */
  public static final BlockInspector INSPECTOR = TestBlock::inspect;

  /** As {@link #INSPECTOR}, but believes every checksum. */
  public static final BlockInspector BLIND_INSPECTOR = TestBlock::inspectBlindly;

  private final long address;
  private volatile LockTag lock;
  private long version;
  private long value;

  /** A block of version 0. */
  public TestBlock(long address, LockTag lock) {
    this.address = address;
    this.lock = lock;
  }

  /** Value that tests set. */
  public long value() {
    return value;
  }

  /** Sets the value; the version rises at the next snapshot. */
  public TestBlock set(long newValue) {
    value = newValue;
    return this;
  }

  /** Raises the version by hand, as another node's change would. */
  public TestBlock raise() {
    version++;
    return this;
  }

  /** Moves the block under another lock. */
  public void setLock(LockTag newLock) {
    lock = newLock;
  }

  /** Version of the last snapshot. */
  public long version() {
    return version;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public LockTag lock() {
    return lock;
  }

  @Override
  public void snapshot(ByteBuffer dst) {
    version++;
    dst.put(encode(dst.remaining()));
  }

  /** The sealed block as it is now. */
  public byte[] encode(int blockSize) {
    ByteBuffer block = ByteBuffer.allocate(blockSize);
    block.putInt(MAGIC).putInt(0).putLong(address).putLong(version).putLong(value);
    if (value % 3 == 0) {
      byte[] noise = new byte[blockSize - FILL_AT];
      new Random(value * 31 + address).nextBytes(noise);
      block.put(noise);
    }
    block.putInt(4, checksum(block));
    return block.array();
  }

  /** Value in an encoded block. */
  public static long valueOf(byte[] block) {
    return ByteBuffer.wrap(block).getLong(VALUE_AT);
  }

  private static long inspect(ByteBuffer given, long address) {
    ByteBuffer block = given.slice();
    boolean valid =
        block.getInt(0) == MAGIC
            && block.getLong(8) == address
            && block.getInt(4) == checksum(block);
    return valid ? block.getLong(VERSION_AT) : BlockInspector.INVALID;
  }

  private static long inspectBlindly(ByteBuffer given, long address) {
    ByteBuffer block = given.slice();
    boolean valid = block.getInt(0) == MAGIC && block.getLong(8) == address;
    return valid ? block.getLong(VERSION_AT) : BlockInspector.INVALID;
  }

  private static int checksum(ByteBuffer block) {
    CRC32C crc = new CRC32C();
    crc.update(block.slice(0, 4));
    crc.update(block.slice(8, block.capacity() - 8));
    return (int) crc.getValue();
  }
}
