package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.control.ControlSocket;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.Posix;

/**
 * {@code mount -o remount}: the helper asks the daemon of the mount, which changes its filesystem
 * and the kernel's flags in the order that lets nobody write to what is read-only.
 */
final class Remounting {
  private static final long MS_RDONLY = 1;
  private static final long MS_REMOUNT = 32;
  private static final System.Logger LOG = System.getLogger(Remounting.class.getName());

  private final Vfs vfs;
  private final Path directory;
  private final Connection connection;
  private final MountOptions mounted;

  /** Of a mount in this process, that was made by {@code mounted}. */
  Remounting(Vfs vfs, Path directory, MountOptions mounted) {
    this.vfs = vfs;
    this.directory = directory;
    this.connection = Connection.on(directory);
    this.mounted = mounted;
  }

  /** The helper's part. */
  static void ask(Path directory, String options) throws MountException {
    try {
      ControlSocket.remount(Daemons.controlSocketOf(directory), options);
    } catch (IOException e) {
      throw new MountException("cannot remount " + directory + ": " + e.getMessage(), e);
    }
  }

  /** The daemon's part. */
  synchronized void to(String options) throws MountException {
    MountOptions.parse(options).requireRemountable(mounted);
    MountTable.Mount now =
        MountTable.read()
            .top(directory)
            .filter(mount -> connection.isMounted())
            .orElseThrow(() -> new MountException("another mount lies over it"));
    MountOptions wanted = MountOptions.parse(options);
    wanted.keepAccess(MountOptions.parse("remount," + present(now)));
    long flags = wanted.mountFlags();
    if (!Posix.isRoot()) {
      throw new MountException("what a user has mounted stays as it is: umount and mount again");
    }
    boolean readOnly = (flags & MS_RDONLY) != 0;
    try {
      if (!readOnly) {
        vfs.setReadOnly(false);
      }
      setFlags(now, flags);
      vfs.setAccessPolicy(wanted.accessPolicy());
      if (readOnly) {
        vfs.setReadOnly(true);
      }
    } catch (FsException e) {
      throw new MountException(e.getMessage(), e);
    }
    LOG.log(System.Logger.Level.INFO, "remounted {0}", readOnly ? "read-only" : "for writing");
  }

  /** The kernel has no word for strictatime: it shows none of the others then. */
  private static String present(MountTable.Mount now) {
    List<String> words = List.of(now.options().split(","));
    boolean strict = !words.contains("noatime") && !words.contains("relatime");
    return strict ? "strictatime," + now.options() : now.options();
  }

  private void setFlags(MountTable.Mount now, long flags) throws MountException {
    int result =
        Posix.libc()
            .mount(now.source(), directory.toString(), MountPoint.TYPE, MS_REMOUNT | flags, null);
    if (result != 0) {
      int errno = Posix.errno();
      throw new MountException(
          errno == Errno.EBUSY
              ? "the mount is busy: files are open for writing"
              : "mount(2): " + Errno.describe(errno));
    }
  }
}
