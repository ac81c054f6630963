package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Fields that are neither a short, an int nor a long. */
final class Fields {
  private Fields() {}

  static UUID uuid(ByteBuffer block, int at) {
    return new UUID(
        Long.reverseBytes(block.getLong(at)), Long.reverseBytes(block.getLong(at + Long.BYTES)));
  }

  static void uuid(ByteBuffer block, int at, UUID value) {
    block.putLong(at, Long.reverseBytes(value.getMostSignificantBits()));
    block.putLong(at + Long.BYTES, Long.reverseBytes(value.getLeastSignificantBits()));
  }

  static byte[] bytes(ByteBuffer block, int at, int length) {
    byte[] value = new byte[length];
    block.get(at, value);
    return value;
  }

  static void bytes(ByteBuffer block, int at, int length, byte[] value) {
    if (value.length != length) {
      throw new IllegalArgumentException(value.length + " bytes for a field of " + length);
    }
    block.put(at, value);
  }

  static String text(ByteBuffer block, int at, int length) {
    byte[] value = bytes(block, at, length);
    int end = 0;
    while (end < length && value[end] != 0) {
      end++;
    }
    return new String(value, 0, end, StandardCharsets.UTF_8);
  }

  static void text(ByteBuffer block, int at, int length, String value) {
    byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
    if (encoded.length > length) {
      throw new IllegalArgumentException(
          "\"" + value + "\" is longer than " + length + " bytes in UTF-8");
    }
    byte[] padded = new byte[length];
    System.arraycopy(encoded, 0, padded, 0, encoded.length);
    block.put(at, padded);
  }
}
