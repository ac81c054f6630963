package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.StringJoiner;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.LibC;
import org.jclusterfs.mount.posix.Posix;

/**
 * Mounts and unmounts for who is not root, by fusermount3(1), which is set-uid: it opens /dev/fuse,
 * mounts, and hands the descriptor over a socket whose number it finds in _FUSE_COMMFD.
 */
public final class Fusermount {
  private static final Path PROGRAM = Path.of("/usr/bin/fusermount3");
  private static final Path CONFIGURATION = Path.of("/etc/fuse.conf");
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int STANDARD_INPUT = 0;

  // struct msghdr and struct cmsghdr of Linux on 64 bits.
  private static final int MSGHDR_BYTES = 56;
  private static final int IOV_AT = MSGHDR_BYTES;
  private static final int DATA_AT = IOV_AT + 16;
  private static final int CONTROL_AT = DATA_AT + 8;
  private static final int CONTROL_BYTES = 24;
  private static final int SCM_RIGHTS = 1;

  private Fusermount() {}

  /** The words of MS_ flags that fusermount3 and libfuse know. */
  public static String flagWords(long flags) {
    StringJoiner words = new StringJoiner(",");
    words.add((flags & 1) == 0 ? "rw" : "ro");
    words.add((flags & 2) == 0 && Posix.isRoot() ? "suid" : "nosuid");
    words.add((flags & 4) == 0 && Posix.isRoot() ? "dev" : "nodev");
    words.add((flags & 8) == 0 ? "exec" : "noexec");
    words.add((flags & 16) == 0 ? "async" : "sync");
    if ((flags & 128) != 0) {
      words.add("dirsync");
    }
    // Of the other words about access times not all versions know all; what they say is done by
    // the filesystem, not by the kernel.
    if ((flags & 1024) != 0) {
      words.add("noatime");
    }
    return words.toString();
  }

  /** The option that names the source, with what would end it marked. */
  public static String sourceWord(String source) {
    return "fsname=" + source.replace("\\", "\\\\").replace(",", "\\,");
  }

  /** Whether others than who mounted may use the mount. */
  public static boolean allowsOthers() {
    if (Posix.isRoot()) {
      return true;
    }
    try {
      return Files.readAllLines(CONFIGURATION).stream()
          .anyMatch(line -> line.strip().equals("user_allow_other"));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Mounts.
   *
   * @param maxRead largest read request in bytes
   * @return the descriptor of /dev/fuse
   */
  public static int mount(BindingOptions options, int maxRead) throws MountException {
    if (!Files.isExecutable(PROGRAM)) {
      throw new MountException(
          "only root mounts without " + PROGRAM + ": install fuse3 (Debian package fuse3)");
    }
    String words =
        String.join(
            ",",
            sourceWord(options.source()),
            "subtype=jclusterfs",
            "default_permissions",
            "max_read=" + maxRead,
            flagWords(options.mountFlags()));
    if (allowsOthers()) {
      words += ",allow_other";
    }
    ByteBuffer pair = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    LibC libc = Posix.libc();
    if (libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, Posix.address(pair)) != 0) {
      throw new MountException("no socket pair: " + Errno.describe(Posix.errno()));
    }
    int ours = pair.getInt(0);
    try {
      Process process = start(pair.getInt(4), words, options.directory());
      int descriptor = receive(ours);
      String said =
          new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      process.waitFor();
      if (descriptor < 0) {
        throw new MountException(
            "fusermount3 could not mount on "
                + options.directory()
                + ": "
                + (said.isEmpty() ? "status " + process.exitValue() : said));
      }
      return descriptor;
    } catch (IOException e) {
      throw new MountException("cannot run fusermount3: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MountException("interrupted");
    } finally {
      libc.close(ours);
    }
  }

  /**
   * Starts it with its end of the socket as standard input, the only descriptor besides output and
   * errors that a process started by Java inherits. Closes that end here.
   */
  private static Process start(int theirs, String words, Path directory) throws IOException {
    LibC libc = Posix.libc();
    int kept = libc.dup(STANDARD_INPUT);
    try {
      libc.dup2(theirs, STANDARD_INPUT);
      ProcessBuilder builder =
          new ProcessBuilder(PROGRAM.toString(), "-o", words, "--", directory.toString())
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.environment().put("_FUSE_COMMFD", Integer.toString(STANDARD_INPUT));
      return builder.start();
    } finally {
      if (kept >= 0) {
        libc.dup2(kept, STANDARD_INPUT);
        libc.close(kept);
      } else {
        libc.close(STANDARD_INPUT);
      }
      libc.close(theirs);
    }
  }

  /** The descriptor that comes, or -1 where the other end is closed without one. */
  private static int receive(int socket) {
    ByteBuffer b =
        ByteBuffer.allocateDirect(CONTROL_AT + CONTROL_BYTES).order(ByteOrder.nativeOrder());
    long address = Posix.address(b);
    b.putLong(16, address + IOV_AT).putLong(24, 1);
    b.putLong(32, address + CONTROL_AT).putLong(40, CONTROL_BYTES);
    b.putLong(IOV_AT, address + DATA_AT).putLong(IOV_AT + 8, 1);
    long n;
    do {
      n = Posix.libc().recvmsg(socket, address, Posix.MSG_CMSG_CLOEXEC);
    } while (n < 0 && Posix.errno() == Errno.EINTR);
    boolean given = n > 0 && b.getLong(40) > 0 && b.getInt(CONTROL_AT + 12) == SCM_RIGHTS;
    return given ? b.getInt(CONTROL_AT + 16) : -1;
  }

  /** Unmounts what this user mounted; {@code lazily}: also where it is busy, or dead. */
  static boolean unmount(Path directory, boolean lazily) {
    String flag = lazily ? "-uzq" : "-uq";
    try {
      return new ProcessBuilder(PROGRAM.toString(), flag, "--", directory.toString())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
