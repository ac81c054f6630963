package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.Posix;

/**
 * The directory to mount on. Whoever serves what lies there already, or the way to it, may have
 * stopped: every look at it is made by a thread that is given up after a bound.
 */
final class MountPoint {
  static final String TYPE = "fuse.jclusterfs";
  private static final System.Logger LOG = System.getLogger(MountPoint.class.getName());
  private static final int MOST_DEAD_MOUNTS = 100;
  private static final int STATFS_BYTES = 512;

  private final Duration patience;

  MountPoint(Duration patience) {
    this.patience = patience;
  }

  /** A look at the filesystem that may never return. */
  private interface Look<T> {
    T get() throws IOException, MountException;
  }

  /**
   * Checks what can be checked without the volume and clears dead mounts away.
   *
   * @return the directory's canonical path
   * @throws MountException if it is missing, no directory, does not answer or has a live mount
   */
  Path prepare(String directory) throws MountException {
    Path given = Path.of(directory).toAbsolutePath();
    Path path = within(given, () -> canonical(given));
    for (int i = 0; i < MOST_DEAD_MOUNTS; i++) {
      MountTable.Mount mount =
          MountTable.read().top(path).filter(m -> m.type().equals(TYPE)).orElse(null);
      if (mount == null) {
        within(path, () -> requireDirectory(path));
        return path;
      }
      removeIfDead(path, mount);
    }
    throw new MountException("the dead mounts on " + path + " cannot be removed: umount them");
  }

  /**
   * The path without symbolic links. The last component is not looked into, since it may be a mount
   * whose daemon is dead; links to it are followed.
   */
  private static Path canonical(Path given) throws IOException, MountException {
    Path parent = given.normalize().getParent();
    if (parent == null) {
      return given.getRoot();
    }
    Path path;
    try {
      path = given.getParent().toRealPath().resolve(given.getFileName()).normalize();
    } catch (java.nio.file.NoSuchFileException e) {
      throw missing(given);
    }
    if (MountTable.read().top(path).filter(m -> m.type().equals(TYPE)).isPresent()) {
      return path;
    }
    if (Files.isSymbolicLink(path)) {
      Path target = path.getParent().resolve(Files.readSymbolicLink(path));
      if (!Files.exists(target) && !MountTable.read().top(target.normalize()).isPresent()) {
        throw missing(given);
      }
      return canonical(target);
    }
    return path;
  }

  private static MountException missing(Path path) {
    return new MountException("the mount point " + path + " does not exist: make it with mkdir -p");
  }

  private static Void requireDirectory(Path path) throws IOException, MountException {
    try {
      if (!Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class)
          .isDirectory()) {
        throw new NotDirectoryException(path.toString());
      }
      return null;
    } catch (java.nio.file.NoSuchFileException e) {
      throw missing(path);
    } catch (NotDirectoryException e) {
      throw new MountException("the mount point " + path + " is not a directory");
    }
  }

  /** Asks the mount's daemon itself: attributes may come from the kernel's cache. */
  private void removeIfDead(Path path, MountTable.Mount mount) throws MountException {
    int errno;
    try {
      errno = within(path, () -> statfs(path));
    } catch (MountException e) {
      throw new MountException(
          mount.source()
              + " is mounted on "
              + path
              + " and its daemon does not answer"
              + StateFile.daemonOf(mount)
                  .map(pid -> " (pid " + pid + "; is it stopped?)")
                  .orElse("")
              + ": umount it first, by force (umount -f) if it must be");
    }
    if (errno == Errno.EIO) {
      throw new MountException(
          mount.source()
              + " is mounted on "
              + path
              + ", but that node has stopped and answers with I/O errors: umount it first");
    }
    if (errno != Errno.ENOTCONN) {
      throw new MountException(
          mount.source() + " is mounted on " + path + " already: umount it first");
    }
    // Not connected: its daemon died. A new mount would lie over it for ever.
    LOG.log(System.Logger.Level.INFO, "removing the dead mount on {0}", path);
    if (!Connection.unmount(path, true)) {
      throw new MountException(
          "cannot remove the dead mount on " + path + ": " + Errno.describe(Posix.errno()));
    }
  }

  private static int statfs(Path path) {
    ByteBuffer result = ByteBuffer.allocateDirect(STATFS_BYTES);
    return Posix.libc().statfs(path.toString(), Posix.address(result)) == 0 ? 0 : Posix.errno();
  }

  private <T> T within(Path path, Look<T> look) throws MountException {
    CompletableFuture<T> seen = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                seen.complete(look.get());
              } catch (IOException | MountException | RuntimeException e) {
                seen.completeExceptionally(e);
              }
            },
            "look");
    thread.setDaemon(true);
    thread.start();
    try {
      return seen.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new MountException(
          "the mount point "
              + path
              + " does not answer: what lies there is stopped or unreachable");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MountException("interrupted");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof MountException known) {
        throw known;
      }
      throw new MountException(
          "cannot read the mount point " + path + ": " + e.getCause().getMessage(), e.getCause());
    }
  }
}
