package org.jclusterfs.system;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A connection to a lock manager by hand, after docs/wire-protocol.md and not after the code. */
final class Stranger implements AutoCloseable {

  private static final int HELLO = 1;
  private static final int PROOF = 2;
  private static final int PATIENCE_MILLIS = 20_000;

  private final Socket socket = new Socket();

  Stranger(int port) throws IOException {
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
    socket.setSoTimeout(PATIENCE_MILLIS);
  }

  /** A frame's length field alone. */
  static byte[] frameHead(int length) {
    return ByteBuffer.allocate(4).putInt(length).array();
  }

  void send(byte[] bytes) throws IOException {
    sendIfOpen(bytes);
  }

  /** Sends, unless the other end has closed already. */
  void sendIfOpen(byte[]... parts) throws IOException {
    try {
      for (byte[] part : parts) {
        socket.getOutputStream().write(part);
      }
    } catch (SocketException refused) {
      // That is what a stranger may meet at any moment.
    }
  }

  private void sendFrame(int type, byte[] body) throws IOException {
    sendIfOpen(
        ByteBuffer.allocate(5 + body.length)
            .putInt(1 + body.length)
            .put((byte) type)
            .put(body)
            .array());
  }

  /** Sends a HELLO and returns the other's. */
  byte[] greet(byte[] hello) throws IOException {
    sendFrame(HELLO, hello);
    byte[] head = socket.getInputStream().readNBytes(5);
    if (head.length < 5 || head[4] != HELLO) {
      throw new IOException("no HELLO came back");
    }
    return socket.getInputStream().readNBytes(ByteBuffer.wrap(head).getInt() - 1);
  }

  void sendProof(byte[] proof) throws IOException {
    sendFrame(PROOF, proof);
  }

  /** The proof of the connecting side. */
  static byte[] proof(byte[] secret, byte[] connecting, byte[] accepting) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      mac.update((byte) 1);
      mac.update(connecting);
      return mac.doFinal(accepting);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether nothing more comes but the end. */
  boolean isClosedByOther() throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
