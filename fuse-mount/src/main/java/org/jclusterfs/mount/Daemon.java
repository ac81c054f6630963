package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.status.ContendedLock;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.control.ControlSocket;
import org.jclusterfs.mount.kernel.KernelBinding;
import org.jclusterfs.mount.libfuse.LibFuse2;
import org.jclusterfs.mount.libfuse.LibFuseBinding;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.Posix;

/** The process of one mount, from joining the cluster to leaving it. */
final class Daemon {
  private static final System.Logger LOG = System.getLogger(Daemon.class.getName());
  private static final int PR_SET_IO_FLUSHER = 57;
  private static final int MCL_CURRENT_FUTURE_ONFAULT = 1 | 2 | 4;

  private static final long PATIENCE_WITH_USERS_MILLIS = 5_000;

  private final VfsFactory volumes;

  Daemon(VfsFactory volumes) {
    this.volumes = volumes;
  }

  /**
   * Mounts, tells {@code live}, serves until the mount is gone and leaves the cluster.
   *
   * @return the exit status
   */
  int run(String source, Path directory, MountOptions options, Runnable live)
      throws MountException, InterruptedException {
    hold();
    if (options.libFuse()) {
      LibFuse2.load(); // first of all: nothing is joined where it is not installed
    }
    Vfs vfs = volumes.mount(options.request(source));
    vfs.setAccessPolicy(options.accessPolicy());
    Binding binding;
    try {
      binding = binding(vfs, source, directory, options);
      binding.mount();
    } catch (MountException e) {
      leave(vfs);
      throw e;
    }
    Guardian guardian =
        Guardian.start(binding.connection(), MountOptions.guardianSeconds(vfs.thresholdMillis()));
    Signals.onTermination(() -> unmount(binding));
    int status;
    try (StateFile state = StateFile.write(source, directory, binding.connection());
        ControlSocket control =
            ControlSocket.listen(
                state.controlSocket(),
                () -> status(vfs, binding, directory),
                new Remounting(vfs, directory, options)::to)) {
      LOG.log(System.Logger.Level.INFO, "{0} is mounted on {1}", source, directory);
      live.run();
      binding.awaitEnd();
      LOG.log(System.Logger.Level.INFO, "{0} is unmounted, leaving the cluster", directory);
      status = leave(vfs);
    } catch (IOException e) {
      binding.close();
      leave(vfs);
      throw new MountException("cannot write the state of the mount: " + e.getMessage(), e);
    } finally {
      if (guardian != null) {
        guardian.close();
      }
    }
    return status;
  }

  private static Binding binding(Vfs vfs, String source, Path directory, MountOptions options)
      throws MountException {
    BindingOptions how =
        new BindingOptions(
            source,
            directory,
            options.mountFlags(),
            options.validMillis(vfs.thresholdMillis()),
            options.acls());
    return options.libFuse() ? new LibFuseBinding(vfs, how) : new KernelBinding(vfs, how);
  }

  /**
   * SIGTERM, as at shutdown: unmounts. Where files are open, their users get some time to follow;
   * then their operations fail, so that the volume can be left in order before SIGKILL comes.
   */
  private static void unmount(Binding binding) {
    LOG.log(System.Logger.Level.INFO, "asked to end by a signal");
    binding.close();
    try {
      Thread.sleep(PATIENCE_WITH_USERS_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (binding.isConnected()) {
      LOG.log(System.Logger.Level.WARNING, "files are open still: aborting the connection");
      binding.abort();
    }
  }

  private static MountStatus status(Vfs vfs, Binding binding, Path directory) {
    MountStatus status = vfs.status();
    return status.with(
        status.contended().stream()
            .map(lock -> lock.withPath(pathOf(lock, binding, directory)))
            .toList(),
        binding.requests());
  }

  private static String pathOf(ContendedLock lock, Binding binding, Path directory) {
    if (!LockType.valueOf(lock.type()).isOfInode()) {
      return null;
    }
    String path = binding.path(lock.id());
    return path == null ? null : directory + (path.equals("/") ? "" : path);
  }

  private static int leave(Vfs vfs) {
    try {
      vfs.close();
      return 0;
    } catch (FsException e) {
      LOG.log(System.Logger.Level.ERROR, "the volume was not left in order", e);
      return 1;
    }
  }

  /** Reclaim of memory must not wait for what only this process can write. */
  private static void hold() {
    if (Posix.libc().prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) != 0) {
      LOG.log(System.Logger.Level.WARNING, "PR_SET_IO_FLUSHER: {0}", Errno.describe(Posix.errno()));
    }
    if (Posix.libc().mlockall(MCL_CURRENT_FUTURE_ONFAULT) != 0) {
      LOG.log(System.Logger.Level.WARNING, "mlockall: {0}", Errno.describe(Posix.errno()));
    }
    try {
      Files.writeString(Path.of("/proc/self/oom_score_adj"), "-1000");
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "oom_score_adj: {0}", e.getMessage());
    }
  }
}
