package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two nodes that share a volume and no file hardly talk about locks. */
class OwnDirectoriesTest {

  private static final int FILES = 300;
  private static final int ROUNDS = 2;

  @Test
  void nodesThatShareNoFileSendAtMostOneLockMessageInAHundredOperations() throws IOException {
    try (Target target = Target.start(Target.Kind.TGTD, "2G");
        Cluster cluster = Cluster.formatForHelpers(target, 4, "")) {
      cluster.mount();
      cluster.mount();
      // First each gets a directory and space of its own.
      work(cluster.nodes(), 0);
      long before = messages(cluster.nodes());
      long operations = 0;
      for (int round = 1; round <= ROUNDS; round++) {
        operations += work(cluster.nodes(), round);
      }
      long messages = messages(cluster.nodes()) - before;
      System.out.println(messages + " lock messages in " + operations + " operations");
      assertTrue(
          100 * messages <= operations, messages + " messages in " + operations + " operations");
      cluster.unmountAndCheck();
    }
  }

  private static long messages(List<Node> nodes) {
    return nodes.stream().mapToLong(node -> node.status().cluster().lockMessages()).sum();
  }

  /** Both nodes in turn make, write, look at and read files, and remove every fourth. */
  private static long work(List<Node> nodes, int round) throws IOException {
    long operations = 0;
    for (int n = 0; n < FILES; n++) {
      for (Node node : nodes) {
        Path own = Files.createDirectories(node.path("own-" + node.number()));
        Path file = own.resolve("file-" + round + "-" + n);
        Files.createFile(file);
        Files.write(file, new byte[2000]);
        Files.size(file);
        Files.readAllBytes(file);
        operations += 4;
        if (n % 4 == 0) {
          Files.delete(file);
          operations++;
        }
      }
    }
    return operations;
  }
}
