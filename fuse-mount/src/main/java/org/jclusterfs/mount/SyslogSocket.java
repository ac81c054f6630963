package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.LibC;
import org.jclusterfs.mount.posix.Posix;

/**
 * The datagram socket of the host's log daemon, as syslog(3) uses it: syslogd and journald listen
 * at /dev/log. A daemon that is started again is found again. Never waits for it. Thread-safe.
 */
final class SyslogSocket implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | Posix.O_CLOEXEC;
  private static final int MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
  private static final int PATH_BYTES = 108;

  private final LibC libc = Posix.libc();
  private final Path path;
  private int descriptor = -1;

  private SyslogSocket(Path path) {
    this.path = path;
  }

  /**
   * Connects.
   *
   * @throws IOException if nobody listens there
   */
  static SyslogSocket connect(Path path) throws IOException {
    SyslogSocket socket = new SyslogSocket(path);
    socket.connect();
    return socket;
  }

  private void connect() throws IOException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length >= PATH_BYTES) {
      throw new IOException(path + " is too long for the name of a socket");
    }
    ByteBuffer address = ByteBuffer.allocateDirect(2 + PATH_BYTES).order(ByteOrder.nativeOrder());
    address.putShort((short) AF_UNIX).put(name);
    descriptor = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (descriptor < 0) {
      throw new IOException("socket(2): " + Errno.describe(Posix.errno()));
    }
    if (libc.connect(descriptor, Posix.address(address), address.capacity()) != 0) {
      int errno = Posix.errno();
      close();
      throw new IOException(path + ": " + Errno.describe(errno));
    }
  }

  /** Sends one message; false where it cannot be taken now. */
  synchronized boolean send(byte[] message) {
    return trySend(message) || reconnected() && trySend(message);
  }

  private boolean trySend(byte[] message) {
    if (descriptor < 0) {
      return false;
    }
    ByteBuffer direct = ByteBuffer.allocateDirect(message.length).put(message);
    return libc.send(descriptor, Posix.address(direct), message.length, MSG_DONTWAIT_NOSIGNAL)
        == message.length;
  }

  /** Where the other end is gone there may be a new one; one that is merely full stays. */
  private boolean reconnected() {
    if (descriptor >= 0 && Posix.errno() == Errno.EAGAIN) {
      return false;
    }
    close();
    try {
      connect();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public synchronized void close() {
    if (descriptor >= 0) {
      libc.close(descriptor);
      descriptor = -1;
    }
  }
}
