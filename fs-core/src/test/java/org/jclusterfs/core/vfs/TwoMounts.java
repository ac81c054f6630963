package org.jclusterfs.core.vfs;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Two mounts of a fresh volume in one process, joined by the real lock manager on loopback. */
abstract class TwoMounts {
  @TempDir Path directory;
  TestVolume a;
  TestVolume b;
  long root;

  @BeforeEach
  void mountTwice() throws Exception {
    a = TestVolume.clustered(directory);
    b = a.another();
    root = a.root();
  }

  @AfterEach
  void unmountBoth() throws Exception {
    b.close();
    a.close();
  }
}
