package org.jclusterfs.mkfs;

import java.util.Locale;
import org.jclusterfs.core.format.BlockHeader;

/** Reads and prints sizes as mke2fs and mkfs.ocfs2 do. */
final class Sizes {
  private static final String SUFFIXES = "KMGTP";

  private Sizes() {}

  /**
   * Bytes of a number that may end with K, M, G, T or P (powers of 1024), times {@code unit} where
   * it has no such suffix.
   *
   * @throws IllegalArgumentException if it is no positive number, or too large
   */
  static long bytes(String text, long unit) {
    String digits = text.strip().toUpperCase(Locale.ROOT);
    long factor = unit;
    int suffix = digits.isEmpty() ? -1 : SUFFIXES.indexOf(digits.charAt(digits.length() - 1));
    if (suffix >= 0) {
      factor = 1L << 10 * (suffix + 1);
      digits = digits.substring(0, digits.length() - 1);
    }
    try {
      long bytes = Math.multiplyExact(Long.parseLong(digits), factor);
      if (bytes > 0) {
        return bytes;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException("\"" + text + "\" is not a size", e);
    }
    throw new IllegalArgumentException("\"" + text + "\" is not a size");
  }

  /** Whole blocks in a size; see {@link #bytes}. */
  static long blocks(String text, long unit) {
    return bytes(text, unit) / BlockHeader.BLOCK_SIZE;
  }
}
