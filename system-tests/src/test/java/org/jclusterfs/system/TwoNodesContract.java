package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What two nodes that mount one volume owe their users, on every kind of device alike. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TwoNodesContract {

  private static final Duration LIMIT = Duration.ofSeconds(120);

  private Target target;
  private Cluster cluster;
  Path a;
  Path b;

  /** The device to run on. */
  abstract Target.Kind kind();

  /** Mount options of both nodes. */
  String options() {
    return "";
  }

  @BeforeAll
  void mountTwice() {
    target = Target.start(kind(), "2G");
    cluster = Cluster.format(target, 4, options());
    a = cluster.mount().directory();
    b = cluster.mount().directory();
  }

  @AfterAll
  void unmountAndCheck() {
    try (Target ending = target;
        Cluster closing = cluster) {
      closing.unmountAndCheck();
    }
  }

  @Test
  void fileMadeOnOneNodeIsReadOnTheOther() throws IOException {
    for (int n = 0; n < 50; n++) {
      Path here = (n % 2 == 0 ? a : b).resolve("seen-" + n);
      Path there = (n % 2 == 0 ? b : a).resolve("seen-" + n);
      assertFalse(Files.exists(there), there + " before it is made"); // a negative entry is cached
      Files.writeString(here, "first " + n);
      assertEquals("first " + n, Files.readString(there));
      Files.writeString(there, "second, longer " + n);
      assertEquals("second, longer " + n, Files.readString(here));
    }
  }

  @Test
  void accessControlListsAreObeyedOnBothNodesAtOnceAndInherited() throws IOException {
    Path file = Files.writeString(a.resolve("listed"), "for one more");
    Commands.run("chmod", "600", file.toString()).orFail();
    for (Path node : List.of(a, b)) {
      assertFalse(byNobody(node, "cat listed").succeeded(), "before it is allowed");
    }
    Commands.run("setfacl", "-m", "u:65534:r", file.toString()).orFail();
    for (Path node : List.of(a, b)) {
      assertEquals("for one more", byNobody(node, "cat listed").orFail().out());
      assertFalse(byNobody(node, "echo >>listed").succeeded(), "it may read alone");
    }
    Commands.run("chmod", "600", b.resolve("listed").toString()).orFail();
    assertFalse(byNobody(a, "cat listed").succeeded(), "chmod takes it from the mask");

    Path shared = Files.createDirectory(a.resolve("shared"));
    Commands.run("setfacl", "-d", "-m", "u:65534:rwx", shared.toString()).orFail();
    Commands.shell("umask 077; mkdir " + b.resolve("shared/below")).orFail();
    byNobody(a, "echo made >shared/below/by-nobody").orFail();
    Outcome list = Commands.run("getfacl", "-cE", b.resolve("shared/below").toString()).orFail();
    assertTrue(list.out().contains("\nuser:nobody:rwx\n"), list::describe);
    assertTrue(list.out().contains("\ndefault:user:nobody:rwx\n"), list::describe);
  }

  @Test
  void inodeFlagsAreObeyedOnBothNodesAtOnce() throws IOException {
    Path here = Files.writeString(a.resolve("kept"), "as it is");
    Path there = b.resolve("kept");
    Files.readString(there);
    Commands.run("chattr", "+i", here.toString()).orFail();
    String changes = "! echo >>%1$s && ! rm -f %1$s && ! mv %1$s %1$s-2 && ! chmod 0 %1$s";
    Commands.shell(String.format(changes, there)).orFail();
    String flags = Commands.run("lsattr", there.toString()).orFail().out();
    assertTrue(flags.startsWith("----i---"), flags);
    Commands.run("chattr", "-i", "+a", there.toString()).orFail();
    Commands.shell("echo ' and more' >>" + here + " && ! echo >" + here).orFail();
    assertEquals("as it is and more\n", Files.readString(there));
    Commands.run("chattr", "-a", here.toString()).orFail();
    Files.delete(there);
  }

  @Test
  void directAndBufferedAccessAgreeWhateverTheAlignment() {
    String script =
        """
        head -c 300000 /dev/urandom >one; head -c 300000 /dev/urandom >two
        cp one %1$s/direct; cmp one %2$s/direct
        dd if=two of=%1$s/direct oflag=direct bs=7001 conv=notrunc status=none
        cmp two %2$s/direct; dd if=%1$s/direct iflag=direct bs=5003 status=none | cmp - two
        dd if=one of=%2$s/direct bs=9001 conv=notrunc status=none
        dd if=%1$s/direct iflag=direct bs=4096 status=none | cmp - one; cmp one %1$s/direct
        truncate -s 3000000 %1$s/direct; dd if=two of=%1$s/direct seek=500 conv=notrunc status=none
        cp --sparse=never %2$s/direct %1$s/plain; cp --reflink=auto %2$s/direct %2$s/copied
        cmp %1$s/plain %2$s/direct; cmp %1$s/copied %2$s/plain
        rm %1$s/direct %1$s/plain %1$s/copied
        """;
    Commands.shell("set -e; cd $(mktemp -d); trap 'rm -r $PWD' EXIT;" + String.format(script, a, b))
        .orFail();
  }

  /** Runs a script inside a mount; the way there is closed to everybody but root. */
  private static Outcome byNobody(Path mount, String script) {
    String user = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    return Commands.shell("cd '" + mount + "' && " + user + " sh -c '" + script + "'");
  }

  @Test
  void statusTellsBothNodesAndThePathOfALockThatGoesToAndFro() throws IOException {
    Path wanted = Path.of("wanted by two");
    for (int n = 0; n < 10; n++) {
      for (Path node : List.of(a, b)) {
        Files.writeString(
            node.resolve(wanted), "x", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      }
    }
    String command = ProjectTree.command("jclusterfs").toString();
    Outcome text = Commands.run(command, "status", a.toString()).orFail();
    for (Node node : cluster.nodes()) {
      assertTrue(
          text.out()
              .lines()
              .anyMatch(line -> line.matches("\\d\\*? +member .* " + node.daemon() + " .* ago .*")),
          text::out);
    }
    assertTrue(text.out().contains(a.resolve(wanted) + "\n"), text::out);
    Outcome json = Commands.run(command, "status", "--json", b.toString()).orFail();
    assertTrue(json.out().contains("\"path\": \"" + b.resolve(wanted) + "\""), json::out);
    assertTrue(json.out().contains("\"thresholdMillis\": 15000"), json::out);
  }

  @Test
  void removedAndRenamedNamesAreGoneOnTheOtherNode() throws IOException {
    Files.writeString(a.resolve("old"), "kept");
    assertEquals("kept", Files.readString(b.resolve("old")));
    Files.move(b.resolve("old"), b.resolve("new"), StandardCopyOption.ATOMIC_MOVE);
    assertFalse(Files.exists(a.resolve("old")));
    assertEquals("kept", Files.readString(a.resolve("new")));
    Files.delete(a.resolve("new"));
    assertFalse(Files.exists(b.resolve("new")));
  }

  @Test
  void storesThroughASharedMappingAreSeenOnTheOtherNodeAndItsWritesInTheMapping()
      throws IOException {
    Files.write(a.resolve("mapped"), new byte[8192]);
    // A process of its own: a page fault that hangs must not take this one along.
    String script =
        """
        import mmap, sys
        with open(sys.argv[1], "r+b") as file:
            mapping = mmap.mmap(file.fileno(), 8192)
            for line in sys.stdin:
                mapping[4096:4100] = int(line).to_bytes(4, "big")
                mapping.flush()
                print("stored", flush=True)
                sys.stdin.readline()
                print(int.from_bytes(mapping[0:4], "big"), flush=True)
        """;
    Process mapper =
        new ProcessBuilder("python3", "-c", script, a.resolve("mapped").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (FileChannel there =
            FileChannel.open(
                b.resolve("mapped"), StandardOpenOption.READ, StandardOpenOption.WRITE);
        BufferedWriter ask = mapper.outputWriter();
        BufferedReader answer = mapper.inputReader()) {
      for (int n = 1; n <= 20; n++) {
        ask.write(n + "\n");
        ask.flush();
        assertEquals("stored", answer.readLine());
        ByteBuffer seen = ByteBuffer.allocate(4);
        there.read(seen, 4096);
        assertEquals(n, seen.getInt(0));
        there.write(ByteBuffer.allocate(4).putInt(0, 1000 + n), 0);
        ask.write("read\n");
        ask.flush();
        assertEquals(Integer.toString(1000 + n), answer.readLine());
      }
    } finally {
      mapper.destroyForcibly();
    }
  }

  @Test
  void appendsOfBothNodesToOneFileAreAllThereAndWhole() throws IOException {
    int each = 400;
    Workers.runTogether(
        LIMIT,
        List.of(
            LoadWorker.command("append", a.resolve("appended"), "a", each),
            LoadWorker.command("append", b.resolve("appended"), "b", each)));
    for (Path node : List.of(a, b)) {
      List<String> lines = Files.readAllLines(node.resolve("appended"));
      Map<String, Long> next = new TreeMap<>();
      for (String line : lines) {
        LoadRecord record = LoadRecord.parse(line).orElseThrow(() -> broken(line));
        // Each writer's own order is kept.
        assertEquals(next.getOrDefault(record.writer(), 0L), record.number());
        next.put(record.writer(), record.number() + 1);
      }
      assertEquals(Map.of("a", (long) each, "b", (long) each), next);
    }
    System.out.println(2 * each + " appends by two nodes, all there");
  }

  @Test
  void filesThatBothNodesMakeInOneDirectoryAreAllThere() throws IOException {
    int each = 250;
    Files.createDirectory(a.resolve("made"));
    Workers.runTogether(
        LIMIT,
        List.of(
            LoadWorker.command("create", a.resolve("made"), "a", each),
            LoadWorker.command("create", b.resolve("made"), "b", each)));
    TreeSet<String> expected = new TreeSet<>();
    IntStream.range(0, each).forEach(n -> expected.addAll(List.of("a-" + n, "b-" + n)));
    for (Path node : List.of(a, b)) {
      try (Stream<Path> names = Files.list(node.resolve("made"))) {
        List<String> found = names.map(p -> p.getFileName().toString()).toList();
        assertEquals(2 * each, found.size(), "names listed");
        assertEquals(expected, new TreeSet<>(found));
      }
    }
    for (String name : expected) {
      String line = Files.readString((name.startsWith("a") ? b : a).resolve("made/" + name));
      assertTrue(LoadRecord.parse(line.stripTrailing()).isPresent(), name + " holds " + line);
    }
    System.out.println(2 * each + " files by two nodes in one directory, all there");
  }

  @Test
  void exactlyOneNodeMakesAFileThatBothWant() throws IOException {
    int count = 200;
    Files.createDirectory(a.resolve("raced"));
    List<String> said =
        Workers.runTogether(
            LIMIT,
            List.of(
                LoadWorker.command("race", a.resolve("raced"), "a", count),
                LoadWorker.command("race", b.resolve("raced"), "b", count)));
    List<String> won = new ArrayList<>();
    said.forEach(text -> text.lines().forEach(won::add));
    assertEquals(count, won.size(), "files made");
    assertEquals(count, new TreeSet<>(won).size(), "different files made");
    System.out.println(count + " races, won by the first node: " + said.get(0).lines().count());
  }

  @Test
  void countingUnderAnFcntlLockLosesNothing() throws IOException {
    int rounds = 200;
    Workers.runTogether(
        LIMIT,
        List.of(
            LoadWorker.command("count", a.resolve("counter"), "a", rounds),
            LoadWorker.command("count", b.resolve("counter"), "b", rounds),
            LoadWorker.command("count", a.resolve("counter"), "c", rounds),
            LoadWorker.command("count", b.resolve("counter"), "d", rounds)));
    for (Path node : List.of(a, b)) {
      byte[] value = Files.readAllBytes(node.resolve("counter"));
      assertEquals(4 * rounds, ByteBuffer.wrap(value).getLong());
    }
  }

  @Test
  void countingUnderAFlockLosesNothing() throws IOException {
    int rounds = 25;
    Files.writeString(a.resolve("flocked"), "0\n");
    List<List<String>> commands = new ArrayList<>();
    for (Path node : List.of(a, b, a, b)) {
      String script =
          "for i in $(seq %d); do flock %s bash -c 'read n <\"$0\"; echo $((n + 1)) >\"$0\"' %s"
              .formatted(rounds, node.resolve("flocked"), node.resolve("flocked"));
      commands.add(List.of("bash", "-e", "-c", script + "; done"));
    }
    Workers.runTogether(LIMIT, commands);
    assertEquals(4 * rounds + "\n", Files.readString(b.resolve("flocked")));
  }

  @Test
  void flockThatTheOtherNodeHoldsIsNotGrantedUntilItsProcessEnds() throws IOException {
    Files.createFile(a.resolve("held"));
    String hold = "exec 9<>" + a.resolve("held") + "; flock 9; echo held; exec sleep 60";
    Process holder = new ProcessBuilder("bash", "-c", hold).start();
    try {
      assertEquals("held", holder.inputReader().readLine());
      Outcome refused = Commands.run("flock", "-n", b.resolve("held").toString(), "true");
      assertEquals(1, refused.status(), refused.describe());
    } finally {
      holder.destroyForcibly();
    }
    Commands.run("flock", "-w", "20", b.resolve("held").toString(), "true").orFail();
  }

  @Test
  void phpSessionsOfTwoServersCountEveryRequest() throws IOException {
    new PhpSessions(a, b).countEveryRequest(6, 40);
  }

  private static AssertionError broken(String line) {
    return new AssertionError("broken record: " + line);
  }
}
