package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jclusterfs.iscsi.IscsiException;

/** What reads the answers of units, with an answer each to begin with. */
public final class ScsiParsers {

  private interface Parser {
    Object parse(ByteBuffer data) throws IscsiException;
  }

  private record Entry(byte[] sample, Parser parser) {}

  private static final ByteBuffer STANDARD = ByteBuffer.allocate(36);

  private static final List<Entry> ALL =
      List.of(
          new Entry(capacity16(), data -> Capacity.parse(data, null, null, null, null)),
          new Entry(
              new byte[] {0, 0, 1, 0, 0, 0, 2, 0},
              data -> Capacity.parse(null, data, null, null, null)),
          new Entry(
              limits(),
              data -> Capacity.parse(ByteBuffer.wrap(capacity16()), null, data, data, data)),
          new Entry(
              new byte[] {23, 0, (byte) 0x90, 0, 8, 18, 4, 0, 0, 0, 0, 0},
              data -> Capacity.parse(ByteBuffer.wrap(capacity16()), null, null, null, data)),
          new Entry(
              "\0\0\5\2\37\0\0\0IET     VIRTUAL-DISK    0001".getBytes(StandardCharsets.US_ASCII),
              data -> Inquiry.parse("LUN 0", data, null, null)),
          new Entry(
              new byte[] {
                0,
                (byte) 0x83,
                0,
                24,
                1,
                3,
                0,
                8,
                0x60,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                2,
                1,
                0,
                8,
                65,
                66,
                67,
                68,
                69,
                70,
                71,
                72
              },
              data -> Inquiry.parse("LUN 0", STANDARD, data, data)),
          new Entry(
              ByteBuffer.allocate(24).putInt(4, 16).putLong(8, 0xa).putLong(16, 0xb).array(),
              PersistentReservations::parseKeys),
          new Entry(
              ByteBuffer.allocate(24).putInt(4, 16).putLong(8, 0xa).put(21, (byte) 7).array(),
              PersistentReservations::parseReservation),
          new Entry(fullStatus(), PersistentReservations::parseFullStatus),
          new Entry(
              new byte[] {0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 9, 0, 0, 0, 0},
              data -> SenseData.parse(data.array()).toString()),
          new Entry(
              new byte[] {0x72, 6, 0x2a, 3, 0, 0, 0, 0},
              data -> SenseData.parse(data.array()).toString()));

  private ScsiParsers() {}

  private static byte[] capacity16() {
    return ByteBuffer.allocate(32).putLong(1 << 20).putInt(512).put(14, (byte) 0x80).array();
  }

  private static byte[] limits() {
    return ByteBuffer.allocate(64)
        .put(1, (byte) 0xb0)
        .put(3, (byte) 60)
        .put(5, (byte) 1)
        .putInt(8, 65535)
        .putInt(20, 8192)
        .putInt(24, 1)
        .putLong(36, 4096)
        .array();
  }

  private static byte[] fullStatus() {
    byte[] port = "iqn.2026-01.org.example:a,i,0x80f12faef1cb\0\0".getBytes(StandardCharsets.UTF_8);
    ByteBuffer data = ByteBuffer.allocate(8 + 24 + 4 + port.length);
    data.putInt(4, data.capacity() - 8).putLong(8, 0xa1).put(20, (byte) 1);
    data.putInt(28, 4 + port.length).put(32, (byte) 0x45).putShort(34, (short) port.length);
    return data.put(36, port).array();
  }

  public static int count() {
    return ALL.size();
  }

  public static byte[] sample(int index) {
    return ALL.get(index).sample.clone();
  }

  /** Reads an answer. */
  public static Object parse(int index, byte[] data) throws IscsiException {
    return ALL.get(index).parser.parse(ByteBuffer.wrap(data));
  }
}
