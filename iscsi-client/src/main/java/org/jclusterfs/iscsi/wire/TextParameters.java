package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.iscsi.ProtocolException;

/** {@code key=value} pairs, each ended by a NUL (RFC 7143 section 6.1). */
public final class TextParameters {

  /** Longest key that RFC 7143 allows, in bytes. */
  private static final int MAX_KEY = 63;

  /**
   * One pair.
   *
   * @param key 1–63 characters
   * @param value may be empty
   */
  public record Pair(String key, String value) {}

  private TextParameters() {}

  /** Encodes pairs. */
  public static ByteBuffer encode(List<Pair> pairs) {
    StringBuilder text = new StringBuilder();
    for (Pair pair : pairs) {
      text.append(pair.key).append('=').append(pair.value).append('\0');
    }
    return StandardCharsets.UTF_8.encode(text.toString());
  }

  /**
   * Decodes a data segment, or several joined. NULs beyond the one that ends a pair are ignored, as
   * is a missing one at the end: targets do both.
   *
   * @throws ProtocolException where a pair has no {@code =} or no usable key
   */
  public static List<Pair> decode(byte[] text) throws ProtocolException {
    List<Pair> pairs = new ArrayList<>();
    int begin = 0;
    while (begin < text.length) {
      int end = begin;
      int equals = -1;
      while (end < text.length && text[end] != 0) {
        if (equals < 0 && text[end] == '=') {
          equals = end;
        }
        end++;
      }
      if (end > begin) {
        if (equals <= begin || equals - begin > MAX_KEY) {
          throw new ProtocolException(
              "the target sent text that is not key=value, at byte " + begin);
        }
        pairs.add(
            new Pair(
                new String(text, begin, equals - begin, StandardCharsets.UTF_8),
                new String(text, equals + 1, end - equals - 1, StandardCharsets.UTF_8)));
      }
      begin = end + 1;
    }
    return pairs;
  }
}
