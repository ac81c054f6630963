package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jclusterfs.mount.posix.Posix;

/**
 * The abort file of one FUSE connection, open from the mount on. A connection's number is used
 * again as soon as it is gone, by whoever mounts next: what is opened later by number may be
 * somebody else's. Thread-safe.
 */
public final class ConnectionAbort implements AutoCloseable {
  private static final Path CONNECTIONS = Path.of("/sys/fs/fuse/connections");

  private final FileChannel file;

  private ConnectionAbort(FileChannel file) {
    this.file = file;
  }

  /**
   * Opens it; the connection is alive.
   *
   * @throws IOException where fusectl is not to be had
   */
  public static ConnectionAbort open(int connection) throws IOException {
    return new ConnectionAbort(FileChannel.open(path(connection), StandardOpenOption.WRITE));
  }

  /** The file, with fusectl mounted where it was not. */
  static Path path(int connection) {
    Path abort = CONNECTIONS.resolve(connection + "/abort");
    if (!Files.exists(abort)) {
      Posix.libc().mount("fusectl", CONNECTIONS.toString(), "fusectl", 0, null);
    }
    return abort;
  }

  /** Fails every request of the connection, now and later; a no-op where it is gone or closed. */
  public synchronized void abort() throws IOException {
    if (file.isOpen()) {
      file.write(ByteBuffer.wrap("1".getBytes(StandardCharsets.US_ASCII)));
    }
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
