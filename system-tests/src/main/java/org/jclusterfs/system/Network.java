package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Network namespaces of this run's own, one per node and one that routes between them and holds the
 * target. Each node has two links to it: one by which it reaches the target, one by which it
 * reaches the other nodes. What is dropped vanishes without a word on its way through the router.
 *
 * <pre>
 *   node n:  storage  10.77.n+1.2 ── 10.77.n+1.1 ┐
 *                                                router, with the target on 10.77.0.1 (and 10.77.0.2)
 *            peers    10.78.n+1.2 ── 10.78.n+1.1 ┘
 * </pre>
 *
 * A namespace lives as long as a process in it. The first of each names the run's directory in its
 * command line, so that bin/lib/leftovers.sh finds it.
 */
final class Network implements AutoCloseable {

  /** Where the target listens. */
  static final String TARGET_ADDRESS = "10.77.0.1";

  /** Where it listens too, if it has several portals. */
  static final String SECOND_TARGET_ADDRESS = "10.77.0.2";

  private final Path directory = WorkDirectory.make("network");
  private final List<Process> holders = new ArrayList<>();
  private final Process router;
  private final List<Process> nodes = new ArrayList<>();

  /** Makes the namespaces and links of so many nodes. */
  Network(int count) {
    boolean whole = false;
    try {
      router = hold("router");
      in(router, "ip link set lo up");
      for (String address : List.of(TARGET_ADDRESS, SECOND_TARGET_ADDRESS)) {
        in(router, "ip address add " + address + "/32 dev lo");
      }
      in(router, "echo 1 >/proc/sys/net/ipv4/ip_forward");
      // What is for the router itself is dropped, too: our rules come before that of its addresses.
      in(router, "ip rule add prio 20 lookup local; ip rule del prio 0");
      for (int n = 0; n < count; n++) {
        Process node = hold("node" + n);
        nodes.add(node);
        in(node, "ip link set lo up");
        link(node, n, "storage", "10.77", "10.77.0.0/30");
        link(node, n, "peers", "10.78", "10.78.0.0/16");
      }
      whole = true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (!whole) {
        close();
      }
    }
  }

  private Process hold(String name) throws IOException {
    Path file = Files.createFile(directory.resolve(name));
    Process holder = new ProcessBuilder("unshare", "-n", "tail", "-f", file.toString()).start();
    holders.add(holder);
    Path here = Path.of("/proc/self/ns/net");
    Path there = Path.of("/proc", Long.toString(holder.pid()), "ns/net");
    for (int tries = 0; tries < 1000; tries++) {
      if (!Files.readSymbolicLink(there).equals(Files.readSymbolicLink(here))) {
        return holder;
      }
      Checks.pause(10);
    }
    throw new IOException("unshare -n made no network namespace");
  }

  private void link(Process node, int n, String name, String net, String reached) {
    String here = String.format("%s.%d.1", net, n + 1);
    String there = String.format("%s.%d.2", net, n + 1);
    in(
        router,
        String.format(
            "ip link add %s%d type veth peer name %s netns %d; ip address add %s/30 dev %s%d;"
                + " ip link set %s%d up",
            name, n, name, node.pid(), here, name, n, name, n));
    in(
        node,
        String.format(
            "ip address add %s/30 dev %s; ip link set %s up; ip route add %s via %s",
            there, name, name, reached, here));
  }

  private static void in(Process namespace, String script) {
    List<String> command = new ArrayList<>(enter(namespace));
    command.addAll(List.of("bash", "-e", "-c", "PATH=$PATH:/usr/sbin:/sbin; " + script));
    Commands.run(Commands.LIMIT, command).orFail();
  }

  private static List<String> enter(Process namespace) {
    return List.of("nsenter", "--net=/proc/" + namespace.pid() + "/ns/net");
  }

  /** The words before a command that run it on a node. */
  List<String> onNode(int node) {
    return enter(nodes.get(node));
  }

  /** The words before a command that run it on the router, which reaches the target. */
  List<String> onRouter() {
    return enter(router);
  }

  /** By which the others reach a node. */
  String address(int node) {
    return "10.78." + (node + 1) + ".2";
  }

  /** By which the target sees a node. */
  String storageAddress(int node) {
    return "10.77." + (node + 1) + ".2";
  }

  /** Drops from now on what is sent from one address to the other. */
  void drop(String from, String to) {
    in(router, String.format("ip rule add prio 10 from %s to %s blackhole", from, to));
  }

  /** Nothing is dropped any more. */
  void heal() {
    in(router, "while ip rule del prio 10 2>/dev/null; do :; done");
  }

  @Override
  public void close() {
    holders.forEach(Process::destroyForcibly);
  }
}
