package org.jclusterfs.iscsi.scsi;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;

/** A private tgtd on loopback with one target and a sparse file as LUN 1. */
public final class TgtdTarget implements AutoCloseable {
  public static final String IQN = "iqn.2026-01.com.example:disk";
  private static final long SIZE = 256L << 20;

  private final Path directory;
  private final int port;
  private final int control;
  private Process process;

  private TgtdTarget(Path directory, int port) {
    this.directory = directory;
    this.port = port;
    this.control = 1000 + port % 30000; // tgtd's control socket is named after it
  }

  public static TgtdTarget start(Path directory) throws Exception {
    return start(directory, IQN, SIZE);
  }

  /** Starts one whose target and size are not the usual ones. */
  public static TgtdTarget start(Path directory, String name, long size) throws Exception {
    TgtdTarget target = new TgtdTarget(directory, freePort());
    target.start();
    target.addTarget(1, name, size);
    return target;
  }

  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Starts the daemon without targets. */
  public void start() throws Exception {
    process =
        new ProcessBuilder(
                "tgtd", "-f", "-C", "" + control, "-t", "16", "--iscsi", "portal=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("tgtd.log").toFile())
            .start();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (run("--mode", "sys", "--op", "show") != 0) {
      if (System.nanoTime() > end || !process.isAlive()) {
        throw new IOException(
            "tgtd does not start: " + Files.readString(directory.resolve("tgtd.log")));
      }
      Thread.sleep(50);
    }
  }

  /** Adds a target whose LUN 1 is the file. */
  public void addTarget(int tid, String name) throws Exception {
    addTarget(tid, name, SIZE);
  }

  private void addTarget(int tid, String name, long size) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
      file.setLength(size);
    }
    admin("--mode", "target", "--op", "new", "--tid", "" + tid, "--targetname", name);
    admin(
        "--mode",
        "logicalunit",
        "--op",
        "new",
        "--tid",
        "" + tid,
        "--lun",
        "1",
        "--bstype",
        "rdwr",
        "--backing-store",
        image().toString());
    admin(
        "--mode",
        "logicalunit",
        "--op",
        "update",
        "--tid",
        "" + tid,
        "--lun",
        "1",
        "--params",
        "thin_provisioning=1");
    admin("--mode", "target", "--op", "bind", "--tid", "" + tid, "--initiator-address", "ALL");
  }

  /** Adds a portal on another address of this machine, at the same port. */
  public Portal addPortal(String address) throws Exception {
    admin("--mode", "portal", "--op", "new", "--param", "portal=" + address + ":" + port);
    return new Portal(address, port);
  }

  /** Gives a target's LUN 1 the identification of another one. */
  public void identify(int tid, String id) throws Exception {
    for (String parameter : List.of("scsi_id=" + id, "scsi_sn=" + id)) {
      admin(
          "--mode",
          "logicalunit",
          "--op",
          "update",
          "--tid",
          "" + tid,
          "--lun",
          "1",
          "--params",
          parameter);
    }
  }

  public void requireChap(int tid, String user, String secret) throws Exception {
    admin("--mode", "account", "--op", "new", "--user", user, "--password", secret);
    admin("--mode", "account", "--op", "bind", "--tid", "" + tid, "--user", user);
  }

  public void requireMutualChap(int tid, String user, String secret) throws Exception {
    admin("--mode", "account", "--op", "new", "--user", user, "--password", secret);
    admin("--mode", "account", "--op", "bind", "--tid", "" + tid, "--user", user, "--outgoing");
  }

  public Path image() {
    return directory.resolve("lun.img");
  }

  public Portal portal() {
    return new Portal("127.0.0.1", port);
  }

  public IscsiUrl url() {
    return new IscsiUrl(null, List.of(portal()), List.of(IQN), 1);
  }

  public void admin(String... arguments) throws Exception {
    if (run(arguments) != 0) {
      throw new IOException(
          "tgtadm " + String.join(" ", arguments) + ": " + Files.readString(output()));
    }
  }

  private Path output() {
    return directory.resolve("tgtadm.out");
  }

  private int run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("tgtadm", "-C", "" + control));
    command.addAll(List.of("--lld", "iscsi"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output().toFile())
        .start()
        .waitFor();
  }

  /** Stops (SIGSTOP) or continues (SIGCONT) it. */
  void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  /** As a crash would. */
  public void kill() throws Exception {
    process.destroyForcibly().waitFor();
    Files.deleteIfExists(Path.of("/var/run/tgtd/socket." + control));
    Files.deleteIfExists(Path.of("/var/run/tgtd/socket." + control + ".lock"));
  }

  @Override
  public void close() throws Exception {
    kill();
  }
}
