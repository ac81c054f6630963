package org.jclusterfs.mount;

import java.util.Map;
import org.jclusterfs.core.vfs.MountException;

/** A mount of one filesystem at one directory. Thread-safe. */
public interface Binding extends AutoCloseable {

  /** Makes the mount; returns once it answers. */
  void mount() throws MountException, InterruptedException;

  /**
   * Waits until the mount is gone or its connection was aborted, and its last request is answered.
   * After an abort the mount stays, dead, until somebody unmounts it.
   */
  void awaitEnd() throws InterruptedException;

  /** Path of an inode below the root by the name last used for it, or null where none is known. */
  String path(long inode);

  /** How many requests of each kind the kernel has sent; empty where that is not seen. */
  default Map<String, Long> requests() {
    return Map.of();
  }

  /** Minor device number of the mount, by which fusectl knows its connection. */
  int connection();

  /** Whether the kernel may still send requests: {@link #awaitEnd()} has not come to its end. */
  boolean isConnected();

  /**
   * Fails every request from now on, those in progress included; the daemon lives on to leave. A
   * no-op where the connection is gone.
   */
  void abort();

  /** Unmounts, lazily where the mount is busy; {@link #awaitEnd()} then returns. Idempotent. */
  @Override
  void close();
}
