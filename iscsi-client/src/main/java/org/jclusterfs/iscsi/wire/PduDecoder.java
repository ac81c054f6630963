package org.jclusterfs.iscsi.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ProtocolException;

/**
 * Cuts the byte stream into PDUs. Data segments are copied once, from the socket's buffer into the
 * place that the {@link PduReceiver} names, or read {@link #straight} into it; what has to be
 * allocated is bounded by {@link #setMaxDataSegmentLength}.
 */
public final class PduDecoder extends ChannelInboundHandlerAdapter {

  private enum State {
    BHS,
    AHS,
    HEADER_DIGEST,
    DATA,
    PADDING,
    DATA_DIGEST,
    FAILED
  }

  /** What is left of a segment has to be so long, in bytes, for a read of the socket of its own. */
  private static final int STRAIGHT_FROM = 16384;

  private final ByteBuffer bhs = Bhs.allocate();
  private final ByteBuffer digest = ByteBuffer.allocate(4).order(java.nio.ByteOrder.LITTLE_ENDIAN);
  private final CRC32C crc = new CRC32C();
  private PduReceiver receiver;
  private int maxDataSegmentLength;
  private boolean headerDigest;
  private boolean dataDigest;
  private State state = State.BHS;
  private int left = Bhs.LENGTH;
  private ByteBuffer data;
  private boolean dataIsOurs;
  private boolean first = true;
  private ByteBuf straight;
  private boolean behindLargeSegment;
  private boolean awaitsLogin;

  /**
   * Makes one without digests, as a login begins.
   *
   * @param maxDataSegmentLength largest data segment taken, in bytes
   */
  public PduDecoder(PduReceiver receiver, int maxDataSegmentLength) {
    this.receiver = receiver;
    this.maxDataSegmentLength = maxDataSegmentLength;
  }

  /**
   * From now on the first PDU has to answer a Login Request. Whatever else comes is of a peer that
   * speaks something else: it is told at once, since such a peer may wait for more from us.
   */
  public void awaitLogin() {
    awaitsLogin = true;
  }

  /** Changes the receiver, between two PDUs. */
  public void setReceiver(PduReceiver next) {
    receiver = next;
  }

  /** Changes what is taken at most, in bytes, from the next PDU on. */
  public void setMaxDataSegmentLength(int length) {
    maxDataSegmentLength = length;
  }

  /** Switches digests on or off from the next PDU on. */
  public void setDigests(boolean header, boolean dataSegment) {
    headerDigest = header;
    dataDigest = dataSegment;
  }

  /**
   * The memory into which the next bytes of the stream belong, where these are many: whoever reads
   * the socket may fill it from its start and pass it to {@link #channelRead} at once, before
   * anything else happens on the event loop. Null where there is no such place.
   */
  public ByteBuf straight() {
    if (state != State.DATA || left < STRAIGHT_FROM || !data.isDirect()) {
      return null;
    }
    straight = Unpooled.wrappedBuffer(data.slice().limit(left)).clear();
    return straight;
  }

  /** Whether the PDU before had a long data segment, and so the next may have one. */
  public boolean isBehindLargeSegment() {
    return behindLargeSegment;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (in == straight) {
        takeStraight(in);
      }
      while (state != State.FAILED && step(in)) {
        // each step consumes what it can
      }
    } catch (IscsiException e) {
      state = State.FAILED;
      receiver.failed(e);
    } finally {
      straight = null;
      ReferenceCountUtil.release(in);
    }
  }

  private void takeStraight(ByteBuf in) throws IscsiException {
    int taken = in.readableBytes();
    if (dataDigest) {
      crc.update(data.slice().limit(taken));
    }
    data.position(data.position() + taken);
    in.skipBytes(taken);
    left -= taken;
    if (left == 0) {
      advance();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (isStranger() && state == State.BHS && left < Bhs.LENGTH) {
      state = State.FAILED;
      receiver.failed(stranger());
    } else if (state != State.FAILED) {
      receiver.receivedAll();
    }
  }

  private boolean isStranger() {
    return first
        && awaitsLogin
        && bhs.get(0) != Opcode.LOGIN_RESPONSE
        && bhs.get(0) != Opcode.REJECT;
  }

  private ProtocolException stranger() {
    return new ProtocolException("the peer is not an iSCSI target: it " + describeStranger());
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (first && state == State.BHS && left < Bhs.LENGTH) {
      state = State.FAILED;
      receiver.failed(stranger());
    }
    receiver.closed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    state = State.FAILED;
    receiver.failed(
        new org.jclusterfs.iscsi.ConnectionLostException(
            "the connection broke: " + cause.getMessage(), cause));
  }

  /** Consumes bytes of one part of a PDU; false where more input is needed first. */
  private boolean step(ByteBuf in) throws IscsiException {
    int take = Math.min(left, in.readableBytes());
    if (take == 0 && left > 0) {
      return false;
    }
    switch (state) {
      case BHS:
        in.readBytes(bhs.array(), Bhs.LENGTH - left, take);
        break;
      case HEADER_DIGEST:
      case DATA_DIGEST:
        in.readBytes(digest.array(), 4 - left, take);
        break;
      case DATA:
        if (take > 0) {
          readData(in, take);
        }
        break;
      case AHS:
      case PADDING:
        if (headerDigest && state == State.AHS || dataDigest && state == State.PADDING) {
          crc.update(in.nioBuffer(in.readerIndex(), take));
        }
        in.skipBytes(take);
        break;
      default:
        throw new IllegalStateException(state.name());
    }
    left -= take;
    if (left > 0) {
      return false;
    }
    advance();
    return true;
  }

  private void readData(ByteBuf in, int take) {
    if (dataDigest) {
      crc.update(in.nioBuffer(in.readerIndex(), take));
    }
    int limit = data.limit();
    data.limit(data.position() + take);
    in.readBytes(data);
    data.limit(limit);
  }

  private void advance() throws IscsiException {
    switch (state) {
      case BHS:
        checkOpcode();
        if (headerDigest) {
          crc.reset();
          crc.update(bhs.array(), 0, Bhs.LENGTH);
        }
        state = State.AHS;
        left = Bhs.totalAhsLength(bhs);
        break;
      case AHS:
        state = State.HEADER_DIGEST;
        left = headerDigest ? 4 : 0;
        break;
      case HEADER_DIGEST:
        if (headerDigest) {
          checkDigest("header");
        }
        beginData();
        break;
      case DATA:
        state = State.PADDING;
        left = Bhs.padding(Bhs.dataSegmentLength(bhs));
        break;
      case PADDING:
        state = State.DATA_DIGEST;
        left = dataDigest && Bhs.dataSegmentLength(bhs) > 0 ? 4 : 0;
        break;
      case DATA_DIGEST:
        if (dataDigest && Bhs.dataSegmentLength(bhs) > 0) {
          checkDigest("data");
        }
        deliver();
        break;
      default:
        throw new IllegalStateException(state.name());
    }
  }

  private void beginData() throws IscsiException {
    int length = Bhs.dataSegmentLength(bhs);
    if (length > maxDataSegmentLength) {
      throw new ProtocolException(
          "the target sent a data segment of "
              + length
              + " bytes where at most "
              + maxDataSegmentLength
              + " were agreed");
    }
    data = length == 0 ? null : receiver.destination(bhs);
    dataIsOurs = length > 0 && data == null;
    if (dataIsOurs) {
      data = ByteBuffer.allocate(length);
    }
    crc.reset();
    state = State.DATA;
    left = length;
    behindLargeSegment = length >= STRAIGHT_FROM;
  }

  private void deliver() throws IscsiException {
    ByteBuffer segment = dataIsOurs ? data.flip() : null;
    data = null;
    state = State.BHS;
    left = Bhs.LENGTH;
    first = false;
    receiver.received(bhs, segment);
  }

  private void checkDigest(String what) throws ProtocolException {
    if (digest.getInt(0) != (int) crc.getValue()) {
      throw new ProtocolException("the " + what + " digest of a PDU from the target is wrong");
    }
  }

  private void checkOpcode() throws ProtocolException {
    if (Opcode.isFromTarget(Bhs.opcode(bhs)) && !isStranger()) {
      return;
    }
    if (first) {
      throw stranger();
    }
    throw new ProtocolException(
        "the target sent the unknown opcode 0x" + Integer.toHexString(Bhs.opcode(bhs)));
  }

  private String describeStranger() {
    byte[] bytes = bhs.array();
    if ((bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03) {
      return "answered in TLS; use the port of the iSCSI service, 3260 by default, which has no TLS";
    }
    int printable = 0;
    while (printable < 12 && bytes[printable] >= ' ' && bytes[printable] < 127) {
      printable++;
    }
    String start = new String(bytes, 0, printable, StandardCharsets.US_ASCII);
    if (start.isEmpty()) {
      return "answered with bytes that are no iSCSI PDU; use the port of the iSCSI service, 3260 by"
          + " default";
    }
    String whose =
        start.startsWith("HTTP")
            ? "', so this is a web server's port; "
            : start.startsWith("SSH-") ? "', so this is an SSH server's port; " : "…'; ";
    return "answered with '" + start + whose + "use the port of the iSCSI service, 3260 by default";
  }
}
