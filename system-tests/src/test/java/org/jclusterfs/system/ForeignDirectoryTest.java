package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.core.status.MountStatus;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a node pays for looking at files that another one has made. */
class ForeignDirectoryTest {

  private static final int FILES = 10_000;
  // So that a slow machine lets nothing expire meanwhile.
  private static final String LONG = "threshold=150,attr_timeout=60";

  private static Target target;
  private static Cluster cluster;
  private static Node reader;

  @BeforeAll
  static void makeFiles() throws IOException {
    target = Target.start(Target.Kind.TGTD, "2G");
    cluster = Cluster.formatForHelpers(target, 4, LONG);
    Node writer = cluster.mount();
    reader = cluster.mount();
    for (String name : List.of("listed", "by-name")) {
      Path made = Files.createDirectory(writer.path(name));
      for (int i = 0; i < FILES; i++) {
        Files.createFile(made.resolve("f" + i));
      }
    }
  }

  @AfterAll
  static void end() throws IOException {
    try (Target ending = target;
        Cluster all = cluster) {
      all.unmountAndCheck();
    }
  }

  private static long messages() {
    return cluster.nodes().stream().mapToLong(node -> node.status().cluster().lockMessages()).sum();
  }

  /** Requests of the reader's kernel since an earlier state of its mount. */
  private static Map<String, Long> requestsSince(MountStatus before) {
    Map<String, Long> all = new TreeMap<>(reader.status().requests());
    before.requests().forEach((name, count) -> all.merge(name, -count, Long::sum));
    all.values().removeIf(count -> count == 0);
    return all;
  }

  @Test
  void listingWithAttributesCostsFewMessagesAndOneRequestPerFileAndThenNone() throws Exception {
    long messages = messages();
    MountStatus before = reader.status();
    list();
    Map<String, Long> first = requestsSince(before);
    messages = messages() - messages;
    System.out.println("ls -l: " + first + ", " + messages + " lock messages");
    // Some 16 where nothing else keeps the machine busy: what comes late goes in a message of its
    // own.
    assertTrue(messages <= 40, messages + " lock messages");
    long perFile = first.getOrDefault("LOOKUP", 0L) + first.getOrDefault("GETXATTR", 0L);
    assertTrue(perFile <= FILES + FILES / 10, first.toString());

    before = reader.status();
    list();
    Map<String, Long> second = requestsSince(before);
    System.out.println("again: " + second);
    assertTrue(
        Set.of("OPENDIR", "READDIRPLUS", "RELEASEDIR", "GETATTR", "LOOKUP", "GETXATTR")
            .containsAll(second.keySet()),
        second.toString());
    for (String name : List.of("GETATTR", "LOOKUP", "GETXATTR")) {
      assertTrue(second.getOrDefault(name, 0L) <= 3, second.toString());
    }
  }

  private static void list() throws IOException {
    assertEquals(
        FILES + 1,
        Commands.run("ls", "-l", reader.path("listed").toString()).orFail().out().lines().count());
  }

  @Test
  void looksByNameCostFewMessages() throws IOException {
    Path seen = reader.path("by-name");
    long messages = messages();
    for (int i = 0; i < FILES; i++) {
      assertEquals(0, Files.size(seen.resolve("f" + i)));
    }
    messages = messages() - messages;
    System.out.println(messages + " lock messages for " + FILES + " stats");
    assertTrue(messages <= 60, messages + " lock messages");
  }
}
