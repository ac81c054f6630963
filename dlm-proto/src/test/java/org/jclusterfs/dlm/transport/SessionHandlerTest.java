package org.jclusterfs.dlm.transport;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A connection in virtual time. */
class SessionHandlerTest {
  private static final int SECONDS = 10;

  private static final TransportHandler DEAF =
      new TransportHandler() {
        @Override
        public void onMessage(int slot, long incarnation, ByteBuffer message) {}

        @Override
        public void onUp(int slot, long incarnation) {}

        @Override
        public void onDown(int slot, long incarnation) {}
      };

  private final PeerSession session = new PeerSession(1, new Peer(1, List.of(), 0), DEAF);
  private final EmbeddedChannel channel = new EmbeddedChannel();

  private void connect() {
    SessionConnection connection = new NettyConnection(channel);
    channel
        .pipeline()
        .addLast(new SessionHandler(session, connection, new LogLimiter(System::nanoTime)));
    session.attach(connection);
    arrives(WireProtocol.FRAME_ACK, 0);
  }

  private void arrives(int type, long sequence) {
    channel.writeInbound(Unpooled.buffer().writeByte(type).writeLong(sequence));
  }

  private void second() {
    channel.advanceTimeBy(1, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
  }

  @Test
  void messageThatIsNeverAcknowledgedEndsTheConnectionAlsoWhileThePeerTalks() {
    connect();
    session.send(ByteBuffer.allocate(30));
    for (int i = 1; i <= SECONDS && channel.isOpen(); i++) {
      arrives(WireProtocol.FRAME_DATA, i);
      second();
    }
    assertFalse(channel.isOpen());
  }

  @Test
  void connectionWhoseMessagesAreAcknowledgedStays() {
    connect();
    for (int i = 1; i <= SECONDS; i++) {
      session.send(ByteBuffer.allocate(30));
      second();
      arrives(WireProtocol.FRAME_ACK, i);
    }
    assertTrue(channel.isOpen());
  }
}
