package org.jclusterfs.system;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A line of fixed length that tells who wrote it and whether it is whole:
 *
 * <pre>
 *   WWWWWWWW NNNNNNNNNNNN CCCCCCCC xxx…x\n      writer, number, CRC32C of both, filling; 64 bytes
 * </pre>
 */
record LoadRecord(String writer, long number) {

  /** Length of a record in bytes, its newline included. */
  static final int LENGTH = 64;

  private static final int HEAD = 21;

  byte[] encode() {
    String head = String.format("%8s %12d", writer, number);
    String line = head + String.format(" %08x ", crc(head));
    return (line + "x".repeat(LENGTH - 1 - line.length()) + "\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** The record that a line without its newline holds, if it holds a whole one. */
  static Optional<LoadRecord> parse(String line) {
    if (line.length() != LENGTH - 1 || line.charAt(8) != ' ' || line.charAt(HEAD) != ' ') {
      return Optional.empty();
    }
    String head = line.substring(0, HEAD);
    if (!line.substring(HEAD + 1, HEAD + 9).equals(String.format("%08x", crc(head)))) {
      return Optional.empty();
    }
    return Optional.of(
        new LoadRecord(
            head.substring(0, 8).strip(), Long.parseLong(head.substring(9, HEAD).strip())));
  }

  private static long crc(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.US_ASCII));
    return crc.getValue();
  }
}
