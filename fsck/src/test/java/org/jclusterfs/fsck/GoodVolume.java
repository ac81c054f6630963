package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;

/** The volume in which nothing is wrong, of which tests spoil copies. */
final class GoodVolume {
  private final Path directory;
  private final byte[] image;

  /** Makes it; copies will lie in a directory. */
  GoodVolume(Path directory) throws IOException {
    this.directory = directory;
    this.image = FuzzCampaign.goodImage(directory.resolve("good.img"));
  }

  /** Its content; not to be changed. */
  byte[] image() {
    return image;
  }

  /** A copy of it, in the place of the last one. */
  Path copy() throws IOException {
    return TestVolume.reset(directory.resolve("volume.img"), image);
  }

  /** A copy that is spoilt. */
  Path planted(Plants.Plant plant) throws IOException {
    Path file = copy();
    try (TestVolume volume = TestVolume.open(file)) {
      plant.into(volume);
    }
    return file;
  }

  /** Fails unless -y repairs a volume whole; what it said. */
  static TestVolume.Result requireMended(Path file) throws IOException {
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    TestVolume.Result again = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.CLEAN, again.status(), repaired.output() + again.output());
    return repaired;
  }
}
