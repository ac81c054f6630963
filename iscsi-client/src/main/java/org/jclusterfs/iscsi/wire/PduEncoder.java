package org.jclusterfs.iscsi.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes PDUs to a channel. A small data segment is copied behind its header, a larger one goes out
 * from the caller's memory.
 */
public final class PduEncoder implements PduSink {

  /** Below this, copying is cheaper than one more element in a gathering write. */
  private static final int COPY_BELOW = 8192;

  private static final byte[] ZEROS = new byte[4];

  private final Channel channel;
  private final CRC32C crc = new CRC32C();
  private boolean headerDigest;
  private boolean dataDigest;
  private boolean dirty;

  /** Makes one without digests, as a login begins. */
  public PduEncoder(Channel channel) {
    this.channel = channel;
  }

  /** Switches digests on or off from the next PDU on. */
  public void setDigests(boolean header, boolean dataSegment) {
    headerDigest = header;
    dataDigest = dataSegment;
  }

  @Override
  public void send(ByteBuffer bhs, ByteBuffer data) {
    int length = data == null ? 0 : data.remaining();
    boolean copied = length <= COPY_BELOW;
    Bhs.dataSegmentLength(bhs, length);
    ByteBuf head = channel.alloc().directBuffer(Bhs.LENGTH + 12 + (copied ? length : 0));
    head.writeBytes(bhs.array(), bhs.arrayOffset(), Bhs.LENGTH);
    if (headerDigest) {
      crc.reset();
      crc.update(bhs.array(), bhs.arrayOffset(), Bhs.LENGTH);
      head.writeIntLE((int) crc.getValue());
    }
    dirty = true;
    if (length == 0) {
      channel.write(head, channel.voidPromise());
    } else if (copied) {
      head.writeBytes(data.duplicate());
      writeTrailer(head, data, length);
      channel.write(head, channel.voidPromise());
    } else {
      channel.write(head, channel.voidPromise());
      channel.write(Unpooled.wrappedBuffer(data), channel.voidPromise());
      if (dataDigest || Bhs.padding(length) > 0) {
        ByteBuf tail = channel.alloc().directBuffer(8);
        writeTrailer(tail, data, length);
        channel.write(tail, channel.voidPromise());
      }
    }
  }

  private void writeTrailer(ByteBuf out, ByteBuffer data, int length) {
    int padding = Bhs.padding(length);
    out.writeBytes(ZEROS, 0, padding);
    if (dataDigest) {
      crc.reset();
      crc.update(data.duplicate());
      crc.update(ZEROS, 0, padding);
      out.writeIntLE((int) crc.getValue());
    }
  }

  @Override
  public boolean isWritable() {
    return channel.isWritable();
  }

  @Override
  public void flush() {
    if (dirty) {
      dirty = false;
      channel.flush();
    }
  }
}
