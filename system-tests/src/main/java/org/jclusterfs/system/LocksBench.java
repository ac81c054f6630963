package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.status.LockTypeStatus;

/**
 * What a node that holds many locks costs the others: another node joins, the holder leaves, and in
 * a second round it is killed. A bystander makes files all the time, and its longest pause is told.
 */
final class LocksBench {

  private static final Duration WANTED = Duration.ofSeconds(5);
  private static final int FILES_PER_DIRECTORY = 10_000;

  private final Target.Kind kind;
  private final int warmUp;
  private final long locks;
  private final String options;
  private final List<String> late = new ArrayList<>();

  /**
   * A bench that has not begun.
   *
   * @param warmUp seconds that whoever makes files beside does so before it is looked at
   * @param locks that the holder has at least
   * @param options mount options for every node, or empty for a threshold of 3 s
   */
  LocksBench(Target.Kind kind, int warmUp, long locks, String options) {
    this.warmUp = warmUp;
    this.options = options.isEmpty() ? "threshold=3" : options;
    this.kind = kind;
    this.locks = locks;
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "8G");
        Cluster cluster = Cluster.formatForHelpers(target, 4, options)) {
      Node holder = cluster.mount();
      Node bystander = cluster.mount();
      Node third = cluster.node();
      System.out.printf(
          "locks: %d held by one of two nodes on %s, options %s; each under %s wanted%n",
          locks, kind, options, Checks.seconds(WANTED));
      hold(holder, "first");
      join(bystander, third);
      third.unmount();
      leave(holder, bystander);
      holder.mount();
      die(holder, bystander);
      cluster.unmountAndCheck();
    }
    System.out.println(late.isEmpty() ? "all within that" : "LATE: " + String.join(", ", late));
  }

  private void join(Node bystander, Node third) throws IOException {
    try (FileMaker maker = beside(bystander, "join")) {
      long begun = System.nanoTime();
      third.mount();
      Files.list(third.directory()).close();
      tell("join of a third node, to its first ls", since(begun), maker);
    }
  }

  private void leave(Node holder, Node bystander) throws IOException {
    try (FileMaker maker = beside(bystander, "leave")) {
      long begun = System.nanoTime();
      holder.unmount();
      tell("leave of the holder", since(begun), maker);
    }
  }

  private void die(Node holder, Node bystander) throws IOException {
    Path in = hold(holder, "second");
    final int threshold = holder.status().cluster().thresholdMillis();
    try (FileMaker maker = beside(bystander, "death")) {
      long begun = System.nanoTime();
      holder.kill();
      Files.createFile(bystander.directory().resolve(in).resolve("heir"));
      Duration beyond = since(begun).minusMillis(threshold);
      tell("death of the holder, beyond the threshold, to a file in its directory", beyond, maker);
    }
    holder.clearDeadMount();
  }

  /** Has a node make files until it holds enough locks; returns one of their directories. */
  private Path hold(Node holder, String name) throws IOException {
    Files.createDirectory(holder.path(name));
    Path last = Path.of(name);
    long held = held(holder);
    for (int n = 0; held < locks; n++) {
      last = Path.of(name, "directory-" + n);
      FileMaking.of(holder, last.toString(), Math.min(FILES_PER_DIRECTORY, locks - held));
      long now = held(holder);
      if (now <= held) {
        throw new IllegalStateException(
            holder + " keeps no more than " + held + " locks, however many files it makes");
      }
      held = now;
    }
    System.out.printf("%s holds %d locks%n", holder, held);
    return last;
  }

  /** Files that another node makes all the while; it was warm before. */
  private FileMaker beside(Node node, String name) throws IOException {
    FileMaker maker = FileMaker.start(Files.createDirectory(node.path("beside-" + name)), name);
    Checks.pause(1000L * warmUp);
    maker.takeLongestPause();
    return maker;
  }

  private static long held(Node node) {
    return node.status().locks().stream().mapToLong(LockTypeStatus::cached).sum();
  }

  private void tell(String what, Duration took, FileMaker maker) {
    Checks.pause(1000);
    Duration pause = maker.takeLongestPause();
    System.out.printf(
        "%s: %s; longest pause of the other %s%n",
        what, Checks.seconds(took), Checks.seconds(pause));
    if (took.compareTo(WANTED) >= 0) {
      late.add(what);
    }
  }

  private static Duration since(long begun) {
    return Duration.ofNanos(System.nanoTime() - begun);
  }
}
