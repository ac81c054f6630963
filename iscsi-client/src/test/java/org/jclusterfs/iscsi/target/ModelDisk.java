package org.jclusterfs.iscsi.target;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A disk in memory that remembers, in their order, the writes that it took. */
public final class ModelDisk {
  public static final int BLOCK = 512;

  /**
   * How a command ended.
   *
   * @param sense empty for none
   */
  public record Result(int status, byte[] sense, byte[] dataIn) {
    public static Result good(byte[] dataIn) {
      return new Result(0, new byte[0], dataIn);
    }

    /** A status without sense data. */
    public static Result status(int status) {
      return new Result(status, new byte[0], new byte[0]);
    }

    public static Result check(int key, int asc, int ascq) {
      byte[] sense = new byte[18];
      sense[0] = 0x70;
      sense[2] = (byte) key;
      sense[7] = 10;
      sense[12] = (byte) asc;
      sense[13] = (byte) ascq;
      return new Result(2, sense, new byte[0]);
    }
  }

  /** A block that was written, with its first eight bytes. */
  public record Applied(long lba, long stamp) {}

  private final List<Applied> applied = new ArrayList<>();
  private byte[] blocks;

  public ModelDisk(int count) {
    blocks = new byte[count * BLOCK];
  }

  public synchronized List<Applied> applied() {
    return List.copyOf(applied);
  }

  public synchronized byte[] read(long lba, int count) {
    return java.util.Arrays.copyOfRange(blocks, (int) lba * BLOCK, (int) (lba + count) * BLOCK);
  }

  public synchronized void grow(int count) {
    blocks = java.util.Arrays.copyOf(blocks, count * BLOCK);
  }

  synchronized Result execute(byte[] bytes, byte[] out) {
    ByteBuffer cdb = ByteBuffer.wrap(bytes);
    switch (bytes[0] & 0xff) {
      case 0x00, 0x35, 0x91:
        return Result.good(new byte[0]);
      case 0x12:
        return inquiry(cdb);
      case 0x1a:
        return Result.good(new byte[] {19, 0, 0x10, 0, 8, 18, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0});
      case 0x9e:
        return Result.good(
            ByteBuffer.allocate(32).putLong(blocks.length / BLOCK - 1).putInt(BLOCK).array());
      case 0x88:
        return Result.good(read(cdb.getLong(2), cdb.getInt(10)));
      case 0x8a:
        return write(cdb.getLong(2), out);
      case 0x89:
        return compareAndWrite(cdb.getLong(2), out);
      case 0x93:
        for (int i = 0; i < cdb.getInt(10); i++) {
          write(cdb.getLong(2) + i, out);
        }
        return Result.good(new byte[0]);
      default:
        return Result.check(5, 0x20, 0);
    }
  }

  private static Result inquiry(ByteBuffer cdb) {
    if ((cdb.get(1) & 1) == 0) {
      byte[] standard = new byte[36];
      byte[] names = "MODEL   MODEL DISK      1   ".getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(names, 0, standard, 8, names.length);
      return Result.good(standard);
    }
    switch (cdb.get(2) & 0xff) {
      case 0xb0:
        return Result.good(
            ByteBuffer.allocate(64)
                .put(1, (byte) 0xb0)
                .put(3, (byte) 60)
                .put(5, (byte) 1)
                .putLong(36, 16)
                .array());
      case 0x83:
        return Result.good(
            new byte[] {0, (byte) 0x83, 0, 12, 1, 3, 0, 8, 0x60, 1, 2, 3, 4, 5, 6, 7});
      default:
        return Result.check(5, 0x24, 0);
    }
  }

  private Result write(long lba, byte[] out) {
    System.arraycopy(out, 0, blocks, (int) lba * BLOCK, out.length);
    for (int at = 0; at < out.length; at += BLOCK) {
      applied.add(new Applied(lba + at / BLOCK, ByteBuffer.wrap(out).getLong(at)));
    }
    return Result.good(new byte[0]);
  }

  private Result compareAndWrite(long lba, byte[] out) {
    byte[] expected = java.util.Arrays.copyOf(out, out.length / 2);
    if (!java.util.Arrays.equals(expected, read(lba, expected.length / BLOCK))) {
      return Result.check(0xe, 0x1d, 0);
    }
    return write(lba, java.util.Arrays.copyOfRange(out, out.length / 2, out.length));
  }
}
