package org.jclusterfs.iscsi.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import org.jclusterfs.iscsi.wire.PduDecoder;

/**
 * Chooses the memory for each read of the socket: where the decoder is inside a large data segment,
 * the place where that belongs, so that the kernel's copy is the only one; else a buffer of the
 * pool. Behind a large segment that buffer is small: the next one's header comes then, and what is
 * read with it would have to be copied.
 */
final class StraightReceive implements RecvByteBufAllocator {

  private static final int SMALLEST = 4096;
  private static final int INITIAL = 65536;
  private static final int LARGEST = 1 << 20;

  /** Reads before answers go out and other channels have their turn; by default it is one. */
  private static final int READS_AT_ONCE = 16;

  private final PduDecoder decoder;
  private final RecvByteBufAllocator pooled =
      new AdaptiveRecvByteBufAllocator(SMALLEST, INITIAL, LARGEST)
          .maxMessagesPerRead(READS_AT_ONCE);

  StraightReceive(PduDecoder decoder) {
    this.decoder = decoder;
  }

  @Override
  public Handle newHandle() {
    return new Choice((ExtendedHandle) pooled.newHandle());
  }

  private final class Choice extends DelegatingHandle implements ExtendedHandle {

    Choice(ExtendedHandle delegate) {
      super(delegate);
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      ByteBuf straight = decoder.straight();
      if (straight != null) {
        return straight;
      }
      return decoder.isBehindLargeSegment()
          ? allocator.ioBuffer(SMALLEST)
          : delegate().allocate(allocator);
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier mayHaveMore) {
      return ((ExtendedHandle) delegate()).continueReading(mayHaveMore);
    }
  }
}
