package org.jclusterfs.iscsi.scsi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;

/** A private LIO, the Linux kernel's target in User-Mode Linux, with a sparse file as LUN 0. */
public final class LioTarget implements AutoCloseable {

  private final Path directory;
  private final IscsiUrl url;

  private LioTarget(Path directory, IscsiUrl url) {
    this.directory = directory;
    this.url = url;
  }

  /**
   * Starts one.
   *
   * @param chap USER SECRET [MUTUAL-USER MUTUAL-SECRET] of its second target, or null for none
   * @param initiators names that its access lists hold
   */
  public static LioTarget start(String chap, String... initiators) throws Exception {
    // bin/test takes down what is left of tests that lie below this directory
    String parent = System.getenv("JCLUSTERFS_TEST_DIR");
    Path directory =
        parent == null
            ? Files.createTempDirectory("lio")
            : Files.createTempDirectory(Path.of(parent), "lio");
    if (chap != null) {
      Files.writeString(directory.resolve("chap"), chap);
    }
    List<String> arguments = new ArrayList<>(List.of("256M"));
    arguments.addAll(List.of(initiators));
    return new LioTarget(
        directory, IscsiUrl.parse(run("start", directory, arguments.toArray(String[]::new))));
  }

  private static String run(String action, Path directory, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(launcher().toString());
    command.add(action);
    command.add(directory.toString());
    command.addAll(List.of(arguments));
    Path log = directory.resolve("launcher.log");
    Process process =
        new ProcessBuilder(command)
            .redirectError(log.toFile())
            .redirectOutput(directory.resolve("launcher.out").toFile())
            .start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + Files.readString(log));
    }
    return Files.readString(directory.resolve("launcher.out")).strip();
  }

  private static Path launcher() {
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      Path launcher = p.resolve("bin/lib/target-lio");
      if (Files.isExecutable(launcher)) {
        return launcher;
      }
    }
    throw new IllegalStateException("bin/lib/target-lio is not to be found from here");
  }

  /** Its LUN 0. */
  public IscsiUrl url() {
    return url;
  }

  public Portal portal() {
    return url.portals().get(0);
  }

  public String name() {
    return url.targets().get(0);
  }

  /** The target with CHAP. */
  public String chapName() {
    return name() + "-chap";
  }

  @Override
  public void close() throws Exception {
    run("stop", directory);
    Files.deleteIfExists(directory.resolve("lun.img"));
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
