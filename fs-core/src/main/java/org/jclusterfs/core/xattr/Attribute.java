package org.jclusterfs.core.xattr;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.txn.DamagedBlockException;

/**
 * One attribute as it stands in the stream.
 *
 * <pre>
 *    0 | nameLength (1) | reserved (1) | valueLength (4) | reserved (2) |
 *    8 | name, value, padding to a multiple of 8 bytes                  |
 * </pre>
 */
record Attribute(byte[] name, byte[] value) {
  private static final int VALUE_LENGTH_OFFSET = 2;
  private static final int NAME_OFFSET = 8;

  private int length() {
    return length(name.length, value.length);
  }

  private static int length(int nameLength, int valueLength) {
    return NAME_OFFSET + nameLength + valueLength + 7 & ~7;
  }

  static byte[] stream(List<Attribute> attributes) {
    int length = 0;
    for (Attribute attribute : attributes) {
      length += attribute.length();
    }
    ByteBuffer stream = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    for (Attribute attribute : attributes) {
      stream.put(at, (byte) attribute.name.length);
      stream.putInt(at + VALUE_LENGTH_OFFSET, attribute.value.length);
      stream.put(at + NAME_OFFSET, attribute.name);
      stream.put(at + NAME_OFFSET + attribute.name.length, attribute.value);
      at += attribute.length();
    }
    return stream.array();
  }

  /**
   * Takes a stream apart.
   *
   * @param inode whose stream it is, for the message
   */
  static List<Attribute> parse(byte[] bytes, long inode) throws DamagedBlockException {
    ByteBuffer stream = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<Attribute> attributes = new ArrayList<>();
    int at = 0;
    while (at < bytes.length) {
      int room = bytes.length - at;
      int nameLength = Byte.toUnsignedInt(stream.get(at));
      int valueLength = room < NAME_OFFSET ? -1 : stream.getInt(at + VALUE_LENGTH_OFFSET);
      if (nameLength == 0
          || valueLength < 0
          || valueLength > XattrStore.MAX_VALUE_LENGTH
          || length(nameLength, valueLength) > room) {
        throw new DamagedBlockException(
            inode, "extended attribute at byte " + at + " of the stream does not fit");
      }
      byte[] name = new byte[nameLength];
      byte[] value = new byte[valueLength];
      stream.get(at + NAME_OFFSET, name);
      stream.get(at + NAME_OFFSET + nameLength, value);
      attributes.add(new Attribute(name, value));
      at += length(nameLength, valueLength);
    }
    return attributes;
  }
}
