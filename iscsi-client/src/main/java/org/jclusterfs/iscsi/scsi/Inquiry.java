package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jclusterfs.iscsi.ProtocolException;

/**
 * What a logical unit says about itself: standard INQUIRY data and VPD pages 80 and 83.
 *
 * @param deviceType peripheral device type, 0 for a disk
 * @param vendor vendor identification
 * @param product product identification
 * @param revision product revision
 * @param serial unit serial number (VPD 80), empty where there is none
 * @param wwid its designator for the world (VPD 83): NAA, the registered ones first, before EUI-64
 *     before T10; empty without
 */
public record Inquiry(
    int deviceType, String vendor, String product, String revision, String serial, String wwid) {

  /**
   * Takes the answers apart.
   *
   * @param unit whose they are, for messages
   */
  static Inquiry parse(
      String unit, ByteBuffer standard, ByteBuffer serial, ByteBuffer identification)
      throws ProtocolException {
    if (standard.remaining() < 36) {
      throw new ProtocolException(
          "the INQUIRY data of " + unit + " have " + standard.remaining() + " bytes instead of 36");
    }
    if ((standard.get(0) & 0xe0) != 0) {
      throw new ProtocolException(
          "there is no "
              + unit
              + " (peripheral qualifier "
              + ((standard.get(0) & 0xe0) >> 5)
              + "); compare the number with what 'iscsi luns' lists");
    }
    return new Inquiry(
        standard.get(0) & 0x1f,
        text(standard, 8, 8),
        text(standard, 16, 16),
        text(standard, 32, 4),
        serial == null || serial.remaining() < 4 ? "" : text(serial, 4, serial.remaining() - 4),
        identification == null ? "" : wwid(identification));
  }

  private static String text(ByteBuffer data, int offset, int length) {
    byte[] bytes = new byte[length];
    data.get(data.position() + offset, bytes);
    return new String(bytes, StandardCharsets.US_ASCII).replaceAll("\\p{Cntrl}", " ").strip();
  }

  /** The longest NAA names before the others, and those that a target made up by itself last. */
  private static int rank(int designatorType, int naa) {
    return switch (designatorType) {
      case 1 -> 1;
      case 2 -> 2;
      case 3 -> naa == 3 ? 3 : naa == 6 ? 5 : 4;
      default -> 0;
    };
  }

  /** The best designator of the logical unit (association 0). */
  static String wwid(ByteBuffer page) {
    String best = "";
    int bestRank = 0;
    int at = 4;
    while (at + 4 <= page.remaining()) {
      int length = page.get(at + 3) & 0xff;
      int association = page.get(at + 1) >> 4 & 3;
      int type = page.get(at + 1) & 0xf;
      if (at + 4 + length > page.remaining()) {
        break;
      }
      int first = length == 0 ? 0 : page.get(at + 4) >> 4 & 0xf;
      int rank = association == 0 ? rank(type, first) : 0;
      if (rank > bestRank) {
        byte[] bytes = new byte[length];
        page.get(at + 4, bytes);
        bestRank = rank;
        best =
            rank == 1
                ? "t10." + new String(bytes, StandardCharsets.US_ASCII).replace('\0', ' ').strip()
                : (rank > 2 ? "naa." : "eui.") + HexFormat.of().formatHex(bytes);
      }
      at += 4 + length;
    }
    return best;
  }
}
