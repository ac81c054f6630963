package org.jclusterfs.core.xattr;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/** Access control lists for tests. */
public final class PosixAcls {

  private static final Map<String, Integer> UNNAMED = Map.of("u", 1, "g", 4, "m", 16, "o", 32);
  private static final Map<String, Integer> NAMED = Map.of("u", 2, "g", 8);

  private PosixAcls() {}

  /** The value of entries such as {@code u::7}, {@code g:44:5}, in the order given. */
  public static byte[] bytes(String... entries) {
    ByteBuffer out =
        ByteBuffer.allocate(4 + 8 * entries.length).order(ByteOrder.LITTLE_ENDIAN).putInt(2);
    for (String entry : entries) {
      String[] parts = entry.split(":");
      boolean named = !parts[1].isEmpty();
      out.putShort((named ? NAMED : UNNAMED).get(parts[0]).shortValue());
      out.putShort(Short.parseShort(parts[2]));
      out.putInt(named ? Integer.parseInt(parts[1]) : -1);
    }
    return out.array();
  }
}
