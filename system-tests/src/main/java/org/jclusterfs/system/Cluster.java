package org.jclusterfs.system;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A formatted volume on a target, and the nodes of this machine that mount it. */
final class Cluster implements AutoCloseable {

  private final Target target;
  private final Path directory;
  private final String options;
  private final boolean byHelpers;
  private final List<Node> nodes = new ArrayList<>();

  private Cluster(Target target, String options, boolean byHelpers) {
    this.target = target;
    this.byHelpers = byHelpers;
    this.directory = WorkDirectory.make("nodes");
    this.options = options;
  }

  /**
   * Formats the target's device, whatever it holds.
   *
   * @param slots slots of the volume
   * @param options mount options for every node, or empty
   */
  static Cluster format(Target target, int slots, String options) {
    return format(target, slots, options, false);
  }

  /** As {@link #format}, for nodes that this tree's helpers mount without mount(8). */
  static Cluster formatForHelpers(Target target, int slots, String options) {
    return format(target, slots, options, true);
  }

  private static Cluster format(Target target, int slots, String options, boolean byHelpers) {
    Cluster cluster = new Cluster(target, options, byHelpers);
    cluster.mkfs("-F", "-N", Integer.toString(slots), "-L", "webcluster").orFail();
    return cluster;
  }

  /** Mounts one more node. */
  Node mount() {
    Node node = node();
    return node.mount();
  }

  /** One more node, not mounted. */
  Node node() {
    return node("");
  }

  /** One more node, not mounted, with more options than the others. */
  Node node(String more) {
    int number = nodes.size();
    List<String> all = new ArrayList<>();
    if (!more.isEmpty()) {
      all.add(more);
    }
    if (!options.isEmpty()) {
      all.add(options);
    }
    if (target.kind() != Target.Kind.FILE) {
      all.add("initiator=" + target.initiator(number % 4));
    }
    Network network = target.network();
    if (network != null) {
      // The device is reached by another link than the nodes.
      all.add("address=" + network.address(number));
    }
    Node node =
        new Node(
            number,
            directory.resolve("node" + number),
            target.device(),
            String.join(",", all),
            network == null ? List.of() : network.onNode(number),
            byHelpers);
    nodes.add(node);
    return node;
  }

  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  Target target() {
    return target;
  }

  /** Runs mkfs.jclusterfs on the device. */
  Outcome mkfs(String... arguments) {
    return tool("mkfs.jclusterfs", arguments);
  }

  /** Runs fsck.jclusterfs on the device. */
  Outcome fsck(String... arguments) {
    return tool("fsck.jclusterfs", arguments);
  }

  /** Unmounts what is mounted and lets fsck judge: anything but a clean volume is a failure. */
  void unmountAndCheck() {
    for (Node node : nodes) {
      if (node.isMounted()) {
        node.unmount();
      }
    }
    Outcome outcome = fsck("-n", "-f").orFail();
    System.out.println("fsck: " + outcome.out().strip().lines().reduce("", (a, b) -> b));
  }

  @Override
  public void close() {
    for (Node node : nodes) {
      if (node.isMounted() && !node.tryUnmount().succeeded()) {
        node.clearDeadMount();
      }
    }
  }

  private Outcome tool(String name, String... arguments) {
    List<String> command =
        new ArrayList<>(target.network() == null ? List.of() : target.network().onRouter());
    command.add(ProjectTree.command(name).toString());
    command.addAll(List.of(arguments));
    command.addAll(target.toolArguments());
    command.add(target.device());
    return Commands.run(java.time.Duration.ofMinutes(3), command);
  }
}
