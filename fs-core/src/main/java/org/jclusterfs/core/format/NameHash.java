package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * Hashes names for directories: SipHash-2-4 (Aumasson and Bernstein, 2012) under the volume's key,
 * of which a directory uses the upper 48 bits.
 *
 * <p>A cookie is such a hash, followed by a 15-bit number that tells names of equal hash apart.
 *
 * @param k0 first half of the key, little-endian
 * @param k1 second half of the key
 */
public record NameHash(long k0, long k1) {

  /** No cookie is lower: "." and ".." and the start of a listing have room below. */
  public static final long FIRST_COOKIE = 16;

  /** Bits of the number that tells equal hashes apart. */
  public static final int COLLISION_BITS = 15;

  /** Highest number that tells equal hashes apart. */
  public static final int MAX_COLLISION = (1 << COLLISION_BITS) - 1;

  /** The hash of a volume, by its superblock. */
  public static NameHash of(ByteBuffer superblock) {
    return new NameHash(
        superblock.getLong(Superblock.HASH_KEY_OFFSET),
        superblock.getLong(Superblock.HASH_KEY_OFFSET + Long.BYTES));
  }

  /** The hash under a key of 16 bytes as the superblock holds it. */
  public static NameHash of(byte[] key) {
    return new NameHash(word(key, 0, Long.BYTES), word(key, Long.BYTES, Long.BYTES));
  }

  /** The 48-bit hash of a name. */
  public long hash(byte[] name) {
    return sipHash(name) >>> 16;
  }

  /** The lowest cookie of a name: the one it has where no other name has its hash. */
  public long cookie(byte[] name) {
    return cookie(hash(name), 0);
  }

  /** The cookie for a 48-bit hash and a number 0–{@link #MAX_COLLISION}. */
  public static long cookie(long hash, int collision) {
    return Math.max(hash << COLLISION_BITS | collision, FIRST_COOKIE);
  }

  /**
   * Whether a cookie may stand for a name of this hash. Cookies raised to {@link #FIRST_COOKIE}
   * have the hash 0, as their upper bits say.
   */
  public static boolean matches(long cookie, long hash) {
    return cookie >>> COLLISION_BITS == hash && cookie >= FIRST_COOKIE;
  }

  /** SipHash-2-4 of the bytes. */
  public long sipHash(byte[] data) {
    long v0 = k0 ^ 0x736f6d6570736575L;
    long v1 = k1 ^ 0x646f72616e646f6dL;
    long v2 = k0 ^ 0x6c7967656e657261L;
    long v3 = k1 ^ 0x7465646279746573L;
    int words = data.length >>> 3;
    for (int word = 0; word <= words; word++) {
      long m = word < words ? word(data, word * 8, 8) : lastWord(data, words * 8);
      v3 ^= m;
      for (int round = 0; round < 2; round++) {
        v0 += v1;
        v2 += v3;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 = Long.rotateLeft(v2, 32);
      }
      v0 ^= m;
    }
    v2 ^= 0xff;
    for (int round = 0; round < 4; round++) {
      v0 += v1;
      v2 += v3;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 = Long.rotateLeft(v2, 32);
    }
    return v0 ^ v1 ^ v2 ^ v3;
  }

  private static long lastWord(byte[] data, int from) {
    return word(data, from, data.length - from) | (long) data.length << 56;
  }

  private static long word(byte[] data, int from, int count) {
    long word = 0;
    for (int i = 0; i < count; i++) {
      word |= (data[from + i] & 0xffL) << 8 * i;
    }
    return word;
  }
}
