package org.jclusterfs.iscsi.target;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jclusterfs.iscsi.wire.Bhs;

/** A PDU as the model of a target sees it, written and read without the code under test. */
public record Pdu(ByteBuffer bhs, byte[] data) {

  public static Pdu of(int opcode, int flags) {
    return new Pdu(Bhs.allocate().put(0, (byte) opcode).put(1, (byte) flags), new byte[0]);
  }

  public Pdu withData(byte[] segment) {
    return new Pdu(bhs.putInt(4, segment.length), segment);
  }

  public Pdu withText(String... pairs) {
    return withData((String.join("\0", pairs) + "\0").getBytes(StandardCharsets.UTF_8));
  }

  public int opcode() {
    return Bhs.opcode(bhs);
  }

  public int itt() {
    return Bhs.initiatorTaskTag(bhs);
  }

  public static Pdu read(InputStream in, boolean headerDigest, boolean dataDigest)
      throws IOException {
    byte[] header = exactly(in, Bhs.LENGTH);
    ByteBuffer bhs = ByteBuffer.wrap(header);
    exactly(in, Bhs.totalAhsLength(bhs));
    if (headerDigest && crc(in) != crc(header)) {
      throw new IOException("wrong header digest");
    }
    int length = Bhs.dataSegmentLength(bhs);
    byte[] padded = exactly(in, length + Bhs.padding(length));
    if (dataDigest && length > 0 && crc(in) != crc(padded)) {
      throw new IOException("wrong data digest");
    }
    return new Pdu(bhs, java.util.Arrays.copyOf(padded, length));
  }

  void write(OutputStream out, boolean headerDigest, boolean dataDigest) throws IOException {
    out.write(bytes(headerDigest, dataDigest));
    out.flush();
  }

  public byte[] bytes(boolean headerDigest, boolean dataDigest) {
    int padded = data.length + Bhs.padding(data.length);
    ByteBuffer all = ByteBuffer.allocate(Bhs.LENGTH + padded + 8).order(ByteOrder.LITTLE_ENDIAN);
    all.put(bhs.array());
    if (headerDigest) {
      all.putInt(crc(bhs.array()));
    }
    all.put(data).position(all.position() + padded - data.length);
    if (dataDigest && data.length > 0) {
      all.putInt(crc(java.util.Arrays.copyOf(data, padded)));
    }
    return java.util.Arrays.copyOf(all.array(), all.position());
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    return bytes;
  }

  private static int crc(InputStream in) throws IOException {
    return ByteBuffer.wrap(exactly(in, 4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
