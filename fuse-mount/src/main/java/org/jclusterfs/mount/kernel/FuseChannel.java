package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.util.List;

/** Requests of the kernel in, replies and notices out. Thread-safe. */
interface FuseChannel {

  /**
   * Waits for one request and puts it at the start of {@code target}.
   *
   * @return its size, or a negative errno
   */
  int read(ByteBuffer target);

  /**
   * Sends one message: the remaining bytes of {@code head}, then those of each of {@code payload}.
   *
   * @return 0 or a negative errno
   */
  int write(ByteBuffer head, List<ByteBuffer> payload);
}
