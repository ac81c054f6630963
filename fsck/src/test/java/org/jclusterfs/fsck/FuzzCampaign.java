package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Runs fuzz runs for as long as one likes. */
public final class FuzzCampaign {
  private FuzzCampaign() {}

  /**
   * Entry point.
   *
   * @param args {@code --minutes M} (default 1), {@code --seed S} of the first run, {@code --runs
   *     N}
   */
  public static void main(String[] args) throws IOException {
    double minutes = 1;
    long seed = new Random().nextInt(1_000_000_000);
    long runs = Long.MAX_VALUE;
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " lacks its value");
      }
      switch (args[i]) {
        case "--minutes" -> minutes = Double.parseDouble(args[i + 1]);
        case "--seed" -> seed = Long.parseLong(args[i + 1]);
        case "--runs" -> runs = Long.parseLong(args[i + 1]);
        default -> throw new IllegalArgumentException("unknown option " + args[i]);
      }
    }
    PrintStream out = System.out;
    Path directory = Files.createTempDirectory("jclusterfs-fuzz");
    Path file = directory.resolve("volume.img");
    directory.toFile().deleteOnExit();
    file.toFile().deleteOnExit();
    int passed = 0;
    int failed = 0;
    long problems = 0;
    byte[] good = goodImage(file);
    byte[] dirty = dirtyImage(file);
    out.println("fuzz: damaged volumes repaired by -y and looked at again, from seed " + seed);
    long end = System.nanoTime() + (long) (minutes * 60e9);
    for (long n = 0; n < runs && System.nanoTime() < end; n++) {
      try {
        problems += new FuzzRun((seed + n & 1) == 0 ? good : dirty, seed + n).run(file);
        passed++;
      } catch (AssertionError e) {
        failed++;
        e.printStackTrace(out);
      }
    }
    out.println(problems + " kinds of problems were repaired");
    out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 && passed > 0 ? 0 : 1);
  }

  /** A volume with some of everything. */
  static byte[] goodImage(Path file) throws IOException {
    try (var made = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(20 << 20);
    }
    TestVolume.populate(file, (20 << 20) / 4096);
    return Files.readAllBytes(file);
  }

  /** The volume in a file with a journal that has to be replayed. */
  static byte[] dirtyImage(Path file) throws IOException {
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.leaveDirtyJournal(volume, 1001, 1002, 1003);
    }
    return Files.readAllBytes(file);
  }
}
