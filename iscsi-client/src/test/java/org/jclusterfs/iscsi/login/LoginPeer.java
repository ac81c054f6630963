package org.jclusterfs.iscsi.login;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.TextParameters;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;

/** A target on a real socket that knows logins only, each of them as a script says. */
public final class LoginPeer implements AutoCloseable {

  /** Answer to one Login Request. */
  public record Reply(int flags, int status, List<Pair> keys) {}

  /**
   * What a target says to the keys of the request number {@code round} of a connection; null to
   * close it.
   */
  public interface Script {
    Reply answer(int round, Map<String, String> keys);
  }

  private final ServerSocket server;
  private final AtomicInteger connections = new AtomicInteger();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final Thread thread;

  public LoginPeer(Script script) throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread = new Thread(() -> accept(script), "login-peer");
    thread.start();
  }

  /** A reply that goes on in the security stage. */
  public static Reply stay(String... keys) {
    return new Reply(0, 0, pairs(keys));
  }

  /** A reply that ends the security stage. */
  public static Reply secured(String... keys) {
    return new Reply(0x81, 0, pairs(keys));
  }

  /** A reply that ends the login. */
  public static Reply done(String... keys) {
    return new Reply(0x87, 0, pairs(keys));
  }

  /** A refusal. */
  public static Reply refused(int status, String... keys) {
    return new Reply(0, status, pairs(keys));
  }

  private static List<Pair> pairs(String... keys) {
    return java.util.Arrays.stream(keys)
        .map(
            key ->
                new Pair(key.substring(0, key.indexOf('=')), key.substring(key.indexOf('=') + 1)))
        .toList();
  }

  public Portal portal() {
    return new Portal("127.0.0.1", server.getLocalPort());
  }

  /** How many connections there were. */
  public int connections() {
    return connections.get();
  }

  private void accept(Script script) {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        sockets.add(socket);
        connections.incrementAndGet();
        Thread each = new Thread(() -> serve(socket, script), "login-peer-connection");
        each.setDaemon(true);
        each.start();
      } catch (IOException closed) {
        return;
      }
    }
  }

  private static void serve(Socket socket, Script script) {
    try (socket) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      for (int round = 0; ; round++) {
        byte[] head = in.readNBytes(Bhs.LENGTH);
        if (head.length < Bhs.LENGTH) {
          return;
        }
        ByteBuffer request = ByteBuffer.wrap(head);
        int length = Bhs.dataSegmentLength(request);
        byte[] text = in.readNBytes(length);
        in.skipNBytes(Bhs.padding(length));
        if (Bhs.opcode(request) != 0x03) {
          return; // logout, or whatever else comes after a login
        }
        Map<String, String> keys = new LinkedHashMap<>();
        TextParameters.decode(text).forEach(pair -> keys.put(pair.key(), pair.value()));
        Reply reply = script.answer(round, keys);
        if (reply == null) {
          return;
        }
        socket.getOutputStream().write(encode(request, round, reply));
      }
    } catch (EOFException ended) {
      // so has the login
    } catch (IOException e) {
      // the other side left
    }
  }

  private static byte[] encode(ByteBuffer request, int round, Reply reply) {
    StringBuilder text = new StringBuilder();
    for (Pair pair : reply.keys()) {
      text.append(pair.key()).append('=').append(pair.value()).append('\0');
    }
    byte[] data = text.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer pdu = ByteBuffer.allocate(Bhs.LENGTH + data.length + Bhs.padding(data.length));
    pdu.put(0, (byte) Opcode.LOGIN_RESPONSE)
        .put(1, (byte) reply.flags())
        .putInt(4, data.length)
        .putLong(8, request.getLong(8))
        .putShort(14, (short) 1)
        .putInt(16, request.getInt(16))
        .putInt(24, round)
        .putInt(28, 1)
        .putInt(32, 32)
        .put(36, (byte) (reply.status() >> 8))
        .put(37, (byte) reply.status())
        .position(Bhs.LENGTH);
    return pdu.put(data).array();
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
