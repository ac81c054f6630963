package org.jclusterfs.dlm.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ClusterTransportTest {
  private static final UUID VOLUME = new UUID(1, 2);
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private final List<ClusterTransport> started = new ArrayList<>();

  /** Keeps what a transport tells. */
  private static final class Recorder implements TransportHandler {
    final BlockingQueue<Integer> messages = new LinkedBlockingQueue<>();
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    @Override
    public void onMessage(int slot, long incarnation, ByteBuffer message) {
      messages.add(message.getInt());
    }

    @Override
    public void onUp(int slot, long incarnation) {
      events.add("up " + slot);
    }

    @Override
    public void onDown(int slot, long incarnation) {
      events.add("down " + slot);
    }
  }

  private ClusterTransport start(int slot, byte secretByte, Recorder recorder) throws IOException {
    byte[] secret = new byte[32];
    secret[0] = secretByte;
    ClusterTransport transport =
        new ClusterTransport(new NodeIdentity(VOLUME, slot, 100 + slot, secret), recorder);
    transport.start(LOOPBACK, 0);
    started.add(transport);
    return transport;
  }

  private static Peer peer(int slot, ClusterTransport transport) {
    return new Peer(100 + slot, List.of(LOOPBACK.getHostAddress()), transport.port());
  }

  private static ByteBuffer message(int number) {
    return ByteBuffer.allocate(8).putInt(0, number);
  }

  @AfterEach
  void closeAll() {
    started.forEach(ClusterTransport::close);
  }

  @Test
  void messagesArriveOnceAndInOrderOverReconnects() throws Exception {
    Recorder low = new Recorder();
    Recorder high = new Recorder();
    ClusterTransport one = start(1, (byte) 7, low);
    ClusterTransport two = start(2, (byte) 7, high);
    one.setPeers(Map.of(2, peer(2, two)));
    two.setPeers(Map.of(1, peer(1, one)));
    assertEquals("up 2", low.events.poll(20, TimeUnit.SECONDS));
    assertEquals("up 1", high.events.poll(20, TimeUnit.SECONDS));
    for (int i = 0; i < 3000; i++) {
      one.send(2, message(i));
      two.send(1, message(i));
      if (i % 1000 == 500) {
        one.breakConnections();
      }
    }
    for (int i = 0; i < 3000; i++) {
      assertEquals(i, high.messages.poll(20, TimeUnit.SECONDS));
      assertEquals(i, low.messages.poll(20, TimeUnit.SECONDS));
    }
    assertTrue(high.messages.isEmpty() && low.messages.isEmpty());
  }

  @Test
  void wrongSecretIsRefusedOnBothSides() throws Exception {
    Recorder low = new Recorder();
    Recorder high = new Recorder();
    ClusterTransport one = start(1, (byte) 7, low);
    ClusterTransport two = start(2, (byte) 8, high);
    one.setPeers(Map.of(2, peer(2, two)));
    two.setPeers(Map.of(1, peer(1, one)));
    one.send(2, message(1));
    while (two.logLines() == 0) {
      Thread.sleep(20);
    }
    assertTrue(low.events.isEmpty() && high.events.isEmpty() && high.messages.isEmpty());
    assertEquals(1, two.logLines());
  }

  @Test
  void otherIncarnationIsRefused() throws Exception {
    Recorder low = new Recorder();
    Recorder high = new Recorder();
    ClusterTransport one = start(1, (byte) 7, low);
    ClusterTransport two = start(2, (byte) 7, high);
    two.setPeers(Map.of(1, peer(1, one)));
    one.setPeers(Map.of(2, new Peer(999, List.of(LOOPBACK.getHostAddress()), two.port())));
    while (two.logLines() == 0) {
      Thread.sleep(20);
    }
    assertTrue(low.events.isEmpty() && high.events.isEmpty());
  }

  @Test
  void garbageAndOversizeFramesCloseTheConnectionWithOneLogLine() throws Exception {
    ClusterTransport one = start(1, (byte) 7, new Recorder());
    byte[][] attacks = {
      "GET / HTTP/1.0\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
      {0x7F, 0, 0, 0, 1},
      {0, 1, 0, 1, 1},
      {0, 0, 0, 0},
      {0, 0, 0, 1, 3},
      {0, 0, 0, 5, 1, 1, 2, 3, 4}
    };
    for (byte[] attack : attacks) {
      try (Socket socket = new Socket(LOOPBACK, one.port())) {
        socket.getOutputStream().write(attack);
        assertClosed(socket);
      }
    }
    assertEquals(1, one.logLines());
  }

  private static void assertClosed(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    try (InputStream in = socket.getInputStream()) {
      assertEquals(-1, in.read());
    } catch (java.net.SocketException expected) {
      assertNotNull(expected.getMessage()); // a reset is a close too
    }
  }

  @Test
  void idleStrangersAreBoundedAndKeepNobodyOut() throws Exception {
    Recorder low = new Recorder();
    Recorder high = new Recorder();
    ClusterTransport one = start(1, (byte) 7, low);
    ClusterTransport two = start(2, (byte) 7, high);
    List<Socket> strangers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      strangers.add(new Socket(LOOPBACK, two.port()));
    }
    assertTrue(two.unprovenConnections() <= WireProtocol.MAX_UNPROVEN);
    one.setPeers(Map.of(2, peer(2, two)));
    two.setPeers(Map.of(1, peer(1, one)));
    one.send(2, message(42));
    assertEquals(42, high.messages.poll(20, TimeUnit.SECONDS));
    assertTrue(two.unprovenConnections() <= WireProtocol.MAX_UNPROVEN);
    for (Socket stranger : strangers) {
      stranger.close();
    }
  }

  @Test
  void peerThatIsRemovedGoesDown() throws Exception {
    Recorder low = new Recorder();
    Recorder high = new Recorder();
    ClusterTransport one = start(1, (byte) 7, low);
    ClusterTransport two = start(2, (byte) 7, high);
    one.setPeers(Map.of(2, peer(2, two)));
    two.setPeers(Map.of(1, peer(1, one)));
    assertEquals("up 2", low.events.poll(20, TimeUnit.SECONDS));
    assertEquals("up 1", high.events.poll(20, TimeUnit.SECONDS));
    two.setPeers(Map.of());
    assertEquals("down 1", high.events.poll(20, TimeUnit.SECONDS));
    assertEquals("down 2", low.events.poll(20, TimeUnit.SECONDS));
  }
}
