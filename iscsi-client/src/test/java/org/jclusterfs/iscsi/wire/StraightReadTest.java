package org.jclusterfs.iscsi.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jclusterfs.iscsi.IscsiException;
import org.junit.jupiter.api.Test;

/** Reads of the socket that go where the data belong. */
class StraightReadTest {

  /** Takes every segment into one buffer, and counts those that were whole. */
  private static final class Destination implements PduReceiver {
    final ByteBuffer bytes;
    int received;
    IscsiException failure;

    Destination(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    @Override
    public ByteBuffer destination(ByteBuffer bhs) {
      return bytes.duplicate().limit(Bhs.dataSegmentLength(bhs));
    }

    @Override
    public void received(ByteBuffer bhs, ByteBuffer data) {
      received++;
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

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Feeds as a socket does: straight where it can be, in pieces of any size. */
  @Property(tries = 200)
  void anyPiecesStraightOrNotGiveWhatWasSent(@ForAll long seed) {
    Random random = new Random(seed);
    byte[] data = random(1 + random.nextInt(100_000), seed);
    boolean header = random.nextBoolean();
    boolean digest = random.nextBoolean();
    ByteBuf wire = Unpooled.buffer();
    int pdus = 1 + random.nextInt(3);
    for (int i = 0; i < pdus; i++) {
      wire.writeBytes(PduCodecTest.encode(data, header, digest));
    }
    Destination seen = new Destination(ByteBuffer.allocateDirect(data.length));
    PduDecoder decoder = new PduDecoder(seen, 1 << 20);
    decoder.setDigests(header, digest);
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    while (wire.isReadable()) {
      ByteBuf straight = decoder.straight();
      ByteBuf in = straight != null ? straight : Unpooled.buffer(70_000);
      int most = Math.min(in.writableBytes(), wire.readableBytes());
      in.writeBytes(wire, 1 + random.nextInt(most));
      channel.writeInbound(in);
    }
    assertNull(seen.failure);
    assertEquals(pdus, seen.received);
    assertEquals(ByteBuffer.wrap(data), seen.bytes);
  }

  @Test
  void wrongDataDigestIsFoundInWhatWasReadStraight() {
    byte[] wire = PduCodecTest.encode(random(50_000, 1), false, true);
    wire[30_000] ^= 1;
    Destination seen = new Destination(ByteBuffer.allocateDirect(50_000));
    PduDecoder decoder = new PduDecoder(seen, 1 << 20);
    decoder.setDigests(false, true);
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    channel.writeInbound(Unpooled.wrappedBuffer(wire, 0, Bhs.LENGTH));
    channel.writeInbound(decoder.straight().writeBytes(wire, Bhs.LENGTH, 50_000));
    assertNull(decoder.straight());
    int rest = Bhs.LENGTH + 50_000;
    channel.writeInbound(Unpooled.wrappedBuffer(wire, rest, wire.length - rest));
    assertEquals("the data digest of a PDU from the target is wrong", seen.failure.getMessage());
    assertEquals(0, seen.received);
  }

  @Test
  void onlyALargeRestInDirectMemoryIsReadStraight() {
    byte[] wire = PduCodecTest.encode(random(20_000, 2), false, false);
    for (boolean direct : new boolean[] {true, false}) {
      PduDecoder decoder =
          new PduDecoder(
              new Destination(
                  direct ? ByteBuffer.allocateDirect(20_000) : ByteBuffer.allocate(20_000)),
              1 << 20);
      EmbeddedChannel channel = new EmbeddedChannel(decoder);
      assertNull(decoder.straight(), "within a header");
      channel.writeInbound(Unpooled.wrappedBuffer(wire, 0, Bhs.LENGTH));
      assertEquals(direct, decoder.straight() != null);
      channel.writeInbound(Unpooled.wrappedBuffer(wire, Bhs.LENGTH, 10_000));
      assertNull(decoder.straight(), "a small rest");
      assertTrue(decoder.isBehindLargeSegment());
    }
  }
}
