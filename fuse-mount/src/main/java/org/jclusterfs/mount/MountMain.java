package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.mount.posix.Posix;

/** The program behind bin/mount.jclusterfs. */
public final class MountMain {
  private static final int FAILURE = 32;
  private static final int STATUS_DESCRIPTOR = 9;
  private static final Duration PATIENCE = Duration.ofSeconds(4);
  private static final String USAGE =
      """
      usage: mount.jclusterfs SOURCE DIR [-s] [-f] [-n] [-v] [-h] [-V] [--foreground] [-o OPTIONS]

      SOURCE  iscsi://[user@]host[:port][,host…]/iqn/lun, file:PATH or a block device
        -f    check the options only; -s, -n, -v are taken for mount(8)'s sake
        --foreground  as -o foreground: stay attached, log to stderr
      OPTIONS, separated by commas:
        remount ro rw spectator errors=withdraw nodev nosuid noexec sync dirsync …
        noatime (default) relatime strictatime nodiratime lazytime
                           when reading changes access times
        binding=libfuse    by libfuse 2 in place of /dev/fuse itself (binding=kernel)
        cluster=none       the only node: no lock manager; others are refused meanwhile
        slot=N             node slot to take (default: any free one)
        threshold=SECONDS  heartbeat threshold (3–600)
        commit=SECONDS     longest time that a change stays uncommitted (1–300, default 5)
        cache=SIZE         bound on cached file data (default 256M)
        address=, port=    where the lock manager listens
        initiator=IQN, initiatorfile=FILE, secrets=FILE   iSCSI
        path_selector=, replacement_timeout=SECONDS, no_path_retry=, polling_interval=SECONDS
                           several portals or targets, as dm-multipath names them
        attr_timeout=SECONDS  how long the kernel keeps attributes at most (default 5)
        log=syslog         log to syslog or the journal (default for root where /dev/log is)
        log=FILE           log to a file (otherwise the default: /var/log/jclusterfs.log)
        foreground, debug
      """;

  private final VfsFactory volumes;
  private boolean piped = "pipe".equals(System.getenv("JCLUSTERFS_STATUS"));

  MountMain(VfsFactory volumes) {
    this.volumes = volumes;
  }

  /** Runs it. */
  public static void main(String[] args) {
    // Not exit(): nothing may wait for threads that a stopped filesystem holds.
    Runtime.getRuntime().halt(new MountMain(new DefaultVolumes()).run(args));
  }

  int run(String[] args) {
    try {
      return parsed(args);
    } catch (MountException | IllegalArgumentException e) {
      return failed(e);
    } catch (InterruptedException e) {
      return failed(new MountException("interrupted"));
    } catch (RuntimeException | Error e) {
      System.getLogger(MountMain.class.getName())
          .log(System.Logger.Level.ERROR, "the mount failed unexpectedly", e);
      return failed(new MountException("internal error: " + e));
    }
  }

  private int parsed(String[] args) throws MountException, InterruptedException {
    List<String> words = new ArrayList<>();
    StringBuilder list = new StringBuilder();
    boolean fake = false;
    for (int i = 0; i < args.length; i++) {
      String arg = args[i];
      if (arg.equals("-h") || arg.equals("--help")) {
        System.out.print(USAGE);
        return 0;
      } else if (arg.equals("-V") || arg.equals("--version")) {
        System.out.println("mount.jclusterfs " + version());
        return 0;
      } else if (arg.equals("-o")) {
        if (++i == args.length) {
          throw new MountException("-o needs options");
        }
        list.append(',').append(args[i]);
      } else if (arg.startsWith("-o")) {
        list.append(',').append(arg.substring(2));
      } else if (arg.equals("--foreground")) {
        list.append(",foreground");
      } else if (arg.matches("-[sfnv]+")) {
        fake |= arg.indexOf('f') > 0;
      } else if (arg.startsWith("-") && arg.length() > 1) {
        throw new MountException(
            "unknown argument " + arg + "; mount.jclusterfs --help lists what there is");
      } else {
        words.add(arg);
      }
    }
    if (words.size() != 2) {
      throw new MountException(
          "a source and a directory are wanted; mount.jclusterfs --help tells how");
    }
    MountOptions options = MountOptions.parse(list.toString());
    if (fake) {
      return 0;
    }
    if (options.remount()) {
      Remounting.ask(Path.of(words.get(1)).toAbsolutePath().normalize(), list.toString());
      return 0;
    }
    Path directory = new MountPoint(PATIENCE).prepare(words.get(1));
    beginLog(options, directory);
    return new Daemon(volumes).run(words.get(0), directory, options, () -> tell("live"));
  }

  private static void beginLog(MountOptions options, Path directory) throws MountException {
    DaemonLog.begin(directory, options.debug());
    // The launcher says so where there is one and nobody has asked for a file.
    boolean found = System.getProperty("jclusterfs.syslog") != null;
    try {
      if (found || options.syslog()) {
        DaemonLog.toSyslog(directory, DaemonLog.SYSLOG);
      }
    } catch (IOException e) {
      if (options.syslog()) {
        throw new MountException(
            "option log=syslog: no log daemon answers (" + e.getMessage() + "); use log=FILE", e);
      }
      System.getLogger(MountMain.class.getName())
          .log(System.Logger.Level.WARNING, "no log daemon answers: {0}", e.getMessage());
    }
  }

  private static String version() {
    String version = MountMain.class.getPackage().getImplementationVersion();
    return version == null ? "(development)" : version;
  }

  private int failed(Exception e) {
    if (piped) {
      tell(e.getMessage());
    } else {
      System.err.println("mount.jclusterfs: " + e.getMessage());
    }
    return FAILURE;
  }

  /** Writes to the launcher and lets go of its pipe. */
  private void tell(String word) {
    if (piped) {
      piped = false;
      byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
      java.nio.ByteBuffer direct = java.nio.ByteBuffer.allocateDirect(bytes.length);
      direct.put(bytes);
      Posix.libc().write(STATUS_DESCRIPTOR, Posix.address(direct), bytes.length);
      Posix.libc().close(STATUS_DESCRIPTOR);
    }
  }
}
