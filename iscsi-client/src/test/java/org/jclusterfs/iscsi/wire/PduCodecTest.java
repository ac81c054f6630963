package org.jclusterfs.iscsi.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ProtocolException;
import org.junit.jupiter.api.Test;

/** PDUs on and off the wire. */
class PduCodecTest {

  private static final int LIMIT = 4096;

  private static final class Recorder implements PduReceiver {
    final List<byte[]> headers = new ArrayList<>();
    final List<byte[]> segments = new ArrayList<>();
    IscsiException failure;

    @Override
    public ByteBuffer destination(ByteBuffer bhs) {
      assertTrue(Bhs.dataSegmentLength(bhs) <= LIMIT);
      return null;
    }

    @Override
    public void received(ByteBuffer bhs, ByteBuffer data) {
      headers.add(bhs.array().clone());
      byte[] segment = new byte[data == null ? 0 : data.remaining()];
      if (data != null) {
        data.get(segment);
      }
      segments.add(segment);
    }

    @Override
    public void receivedAll() {}

    @Override
    public void failed(IscsiException cause) {
      failure = cause;
    }

    @Override
    public void closed() {}
  }

  /** What an encoder makes of a Data-Out, its opcode changed to one that a target sends. */
  static byte[] encode(byte[] data, boolean headerDigest, boolean dataDigest) {
    EmbeddedChannel channel = new EmbeddedChannel();
    PduEncoder encoder = new PduEncoder(channel);
    encoder.setDigests(headerDigest, dataDigest);
    ByteBuffer bhs = Bhs.allocate();
    Bhs.begin(bhs, Opcode.DATA_IN, false, Bhs.FINAL);
    encoder.send(bhs, data.length == 0 ? null : ByteBuffer.wrap(data));
    encoder.flush();
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      all.writeBytes(part);
      part.release();
    }
    byte[] bytes = new byte[all.readableBytes()];
    all.readBytes(bytes);
    return bytes;
  }

  private static Recorder decode(byte[] bytes, int chunk, boolean header, boolean data) {
    Recorder recorder = new Recorder();
    PduDecoder decoder = new PduDecoder(recorder, 1 << 20);
    decoder.setDigests(header, data);
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    for (int at = 0; at < bytes.length; at += chunk) {
      channel.writeInbound(Unpooled.wrappedBuffer(bytes, at, Math.min(chunk, bytes.length - at)));
    }
    return recorder;
  }

  @Test
  void whatIsEncodedIsDecodedInAnyChunksWithAnyDigests() {
    for (int length : new int[] {0, 1, 2, 3, 4, 511, 4096}) {
      for (int digests = 0; digests < 4; digests++) {
        byte[] data = new byte[length];
        new Random(length).nextBytes(data);
        byte[] wire = encode(data, (digests & 1) != 0, (digests & 2) != 0);
        for (int chunk : new int[] {1, 7, 48, 100000}) {
          Recorder seen = decode(wire, chunk, (digests & 1) != 0, (digests & 2) != 0);
          assertNull(seen.failure);
          assertEquals(1, seen.headers.size());
          assertEquals(ByteBuffer.wrap(data), ByteBuffer.wrap(seen.segments.get(0)));
        }
      }
    }
  }

  @Test
  void largeSegmentIsPaddedAndDigestedToo() {
    byte[] data = new byte[20001];
    new Random(3).nextBytes(data);
    Recorder seen = new Recorder();
    PduDecoder decoder =
        new PduDecoder(
            new PduReceiver() {
              @Override
              public ByteBuffer destination(ByteBuffer bhs) {
                return null;
              }

              @Override
              public void received(ByteBuffer bhs, ByteBuffer segment) {
                seen.received(bhs, segment);
              }

              @Override
              public void receivedAll() {}

              @Override
              public void failed(IscsiException cause) {
                seen.failed(cause);
              }

              @Override
              public void closed() {}
            },
            1 << 20);
    decoder.setDigests(true, true);
    new EmbeddedChannel(decoder).writeInbound(Unpooled.wrappedBuffer(encode(data, true, true)));
    assertNull(seen.failure);
    assertEquals(ByteBuffer.wrap(data), ByteBuffer.wrap(seen.segments.get(0)));
  }

  @Test
  void crc32cOfRfc3720IsOnTheWire() {
    byte[] wire = encode(new byte[32], false, true);
    // RFC 3720 appendix B.4: 32 bytes of zeroes
    assertEquals(
        ByteBuffer.wrap(new byte[] {(byte) 0xaa, 0x36, (byte) 0x91, (byte) 0x8a}),
        ByteBuffer.wrap(wire, 48 + 32, 4));
  }

  @Test
  void flippedBitIsFoundByADigest() {
    byte[] wire = encode(new byte[64], true, true);
    for (int at = 1; at < wire.length; at += 5) {
      byte[] wrong = wire.clone();
      wrong[at] ^= 4;
      Recorder seen = decode(wrong, 1000, true, true);
      assertTrue(seen.failure != null || seen.headers.isEmpty(), "byte " + at);
    }
  }

  @Test
  void segmentBeyondTheLimitIsRefusedBeforeItIsAllocated() {
    ByteBuffer bhs = Bhs.allocate();
    Bhs.begin(bhs, Opcode.TEXT_RESPONSE, false, 0);
    Bhs.dataSegmentLength(bhs, 0xff_ffff);
    assertInstanceOf(ProtocolException.class, decode(bhs.array(), 48, false, false).failure);
  }

  @Property(tries = 20000)
  void noiseGivesATypedFailureOrPdus(@ForAll @Size(max = 300) byte[] noise, @ForAll int opcode) {
    byte[] bytes = noise.clone();
    if (bytes.length > 8) {
      bytes[0] = (byte) (0x20 + (opcode & 7));
      bytes[5] = 0;
      bytes[6] = (byte) (bytes[6] & 1);
    }
    Recorder recorder = new Recorder();
    PduDecoder decoder = new PduDecoder(recorder, LIMIT);
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    channel.writeInbound(Unpooled.wrappedBuffer(bytes));
    channel.checkException();
  }

  @Property(tries = 20000)
  void textGivesPairsOrATypedFailure(@ForAll @Size(max = 200) byte[] text) {
    try {
      TextParameters.decode(text).forEach(pair -> assertTrue(!pair.key().isEmpty()));
    } catch (ProtocolException expected) {
      // the typed one
    }
  }

  @Test
  void lunsSurviveTheirEncoding() {
    for (int lun : new int[] {0, 1, 255, 256, 16383}) {
      assertEquals(lun, Bhs.decodeLun(Bhs.encodeLun(lun)));
    }
  }
}
