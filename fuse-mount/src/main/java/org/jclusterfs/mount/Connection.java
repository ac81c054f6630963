package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.Path;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.Posix;

/**
 * A live mount in the kernel: where it is and how it is ended. Knows its own mount from another one
 * made on the same directory later. Thread-safe.
 */
public final class Connection {
  private static final System.Logger LOG = System.getLogger(Connection.class.getName());

  private final Path directory;
  private final int number;
  private final ConnectionAbort abort;

  private Connection(Path directory, int number, ConnectionAbort abort) {
    this.directory = directory;
    this.number = number;
    this.abort = abort;
  }

  /** The mount just made on a directory. */
  public static Connection on(Path directory) {
    int number = MountTable.read().top(directory).map(MountTable.Mount::minor).orElse(0);
    ConnectionAbort abort = null;
    try {
      abort = ConnectionAbort.open(number);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "no fusectl: {0}", e.getMessage());
    }
    return new Connection(directory, number, abort);
  }

  /** Minor device number of the mount, by which fusectl knows it. */
  public int number() {
    return number;
  }

  /** Whether it is still the uppermost mount on its directory. */
  public boolean isMounted() {
    return MountTable.read()
        .top(directory)
        .map(m -> m.type().equals(MountPoint.TYPE) && m.minor() == number)
        .orElse(false);
  }

  /** Unmounts it, lazily where it is busy. */
  public void unmount() {
    if (isMounted() && !unmount(directory, false)) {
      unmount(directory, true);
    }
  }

  /** Unmounts what is on a directory; {@code lazily}: also where it is busy, or dead. */
  static boolean unmount(Path directory, boolean lazily) {
    int flags = lazily ? Posix.MNT_DETACH : 0;
    return Posix.libc().umount2(directory.toString(), flags) == 0
        || Posix.errno() == Errno.EPERM && Fusermount.unmount(directory, lazily);
  }

  /** Fails every request from now on; see {@link Binding#abort()}. */
  public void abort() {
    try {
      if (abort != null) {
        abort.abort();
      } else {
        LOG.log(System.Logger.Level.WARNING, "cannot abort the connection: there is no fusectl");
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot abort the connection: {0}", e.getMessage());
    }
  }

  /**
   * The last request is answered.
   *
   * @param aborted it ended by an abort: the mount is left, dead, since what processes do below the
   *     directory must fail and not go to the directory underneath
   */
  public void ended(boolean aborted) {
    if (aborted && isMounted()) {
      LOG.log(
          System.Logger.Level.ERROR,
          "the connection was aborted; {0} stays as a dead mount until it is unmounted",
          directory);
    } else {
      unmount();
    }
    if (abort != null) {
      try {
        abort.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "abort file", e);
      }
    }
  }
}
