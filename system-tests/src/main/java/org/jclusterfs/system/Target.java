package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A shared device for a run: a real iSCSI target on loopback, or a file. */
final class Target implements AutoCloseable {

  /** What can serve a volume to several nodes of this machine. */
  enum Kind {
    /** A sparse file that every node opens. */
    FILE,
    /** Debian's user-space target. */
    TGTD,
    /** The Linux kernel's target, in User-Mode Linux. */
    LIO;

    static Kind of(String name) {
      for (Kind kind : values()) {
        if (kind.name().equalsIgnoreCase(name)) {
          return kind;
        }
      }
      throw new IllegalArgumentException("no device of kind " + name + ": file, tgtd or lio");
    }
  }

  private static final String INITIATOR = "iqn.2026-01.org.jclusterfs.test:node";

  private final Kind kind;
  private final boolean volatileCache;
  private final Path directory;
  private final Network network;
  private String device;

  private Target(Kind kind, boolean volatileCache, Path directory, Network network) {
    this.network = network;
    this.kind = kind;
    this.volatileCache = volatileCache;
    this.directory = directory;
  }

  /** Starts a target of a kind over a new sparse image; {@code size} as truncate(1) takes it. */
  static Target start(Kind kind, String size) {
    return start(kind, false, size, null);
  }

  /** Starts a target on a network of its own. */
  static Target start(Kind kind, String size, Network network) {
    return start(kind, false, size, network);
  }

  /** Starts {@link Kind#LIO} on a network of its own with two portals. */
  static Target startTwoPortals(String size, Network network) {
    return start(
        Kind.LIO,
        false,
        size,
        network,
        Network.TARGET_ADDRESS + " " + Network.SECOND_TARGET_ADDRESS);
  }

  /** Starts {@link Kind#LIO} with a write cache that it loses with its power. */
  static Target startVolatile(String size) {
    return start(Kind.LIO, true, size, null);
  }

  private static Target start(Kind kind, boolean volatileCache, String size, Network network) {
    return start(kind, volatileCache, size, network, Network.TARGET_ADDRESS);
  }

  private static Target start(
      Kind kind, boolean volatileCache, String size, Network network, String addresses) {
    Path directory = WorkDirectory.make(kind.name().toLowerCase());
    if (network != null) {
      try {
        Files.writeString(directory.resolve("address"), addresses);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    Target target = new Target(kind, volatileCache, directory, network);
    Commands.run("truncate", "-s", size, target.image().toString()).orFail();
    target.startAgain();
    return target;
  }

  /** Starts it where it was stopped: same device, same image. */
  void startAgain() {
    if (kind == Kind.FILE) {
      device = "file:" + image();
    } else {
      device = launcher(volatileCache ? "start-volatile" : "start").orFail().out().strip();
    }
  }

  /** Ends it; the image stays. */
  void stop() {
    if (kind != Kind.FILE) {
      launcher("stop").orFail();
    }
  }

  /** Cuts its power: what is only in its cache is gone. */
  void cutPower() {
    launcher("power-cut").orFail();
  }

  /** Passes nothing any more to and from one portal, without closing; the next time: goes on. */
  void silence(String address) {
    launcher("silence", address).orFail();
  }

  /** Drops every connection of one portal at once. */
  void cut(String address) {
    launcher("cut", address).orFail();
  }

  /** The second unit of {@link #startVolatile}, with a cache of its own and no volume on it. */
  String probeDevice() {
    return device.substring(0, device.lastIndexOf('/')) + "/1";
  }

  Kind kind() {
    return kind;
  }

  /** The file behind the device. */
  Path image() {
    return directory.resolve("lun.img");
  }

  /** The DEVICE string for mkfs, mount and fsck. */
  String device() {
    return device;
  }

  /** The initiator's name that a node uses here; the target's access list knows it. */
  String initiator(int node) {
    return INITIATOR + node;
  }

  /** A tool's arguments before DEVICE: the initiator's name where there is one. */
  List<String> toolArguments() {
    return kind == Kind.FILE ? List.of() : List.of("--initiator", initiator(3));
  }

  @Override
  public void close() {
    stop();
    try {
      Files.deleteIfExists(image());
      Files.deleteIfExists(directory.resolve("probe.img"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The network that it is on, or null where that is this host's. */
  Network network() {
    return network;
  }

  private Outcome launcher(String action, String... more) {
    List<String> command = new ArrayList<>(network == null ? List.of() : network.onRouter());
    command.add(ProjectTree.command("lib/target-" + kind.name().toLowerCase()).toString());
    command.add(action);
    command.add(directory.toString());
    command.addAll(List.of(more));
    return Commands.run(Duration.ofSeconds(60), command);
  }
}
