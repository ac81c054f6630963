package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes that share a volume and no file: what their locks cost in messages. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class OwnDirectoriesTest {
  private static final int GROUP_BLOCKS = 8192;
  private static final int FILES = 300;

  @TempDir Path directory;

  @Test
  void nodesThatShareNoFileSendHardlyAnyLockMessage() throws Exception {
    try (TestVolume a = TestVolume.clustered(directory, GROUP_BLOCKS)) {
      long dirOfA = a.makeDirectory(a.root(), "a").inode();
      work(a, dirOfA, "before");
      try (TestVolume b = a.another()) {
        long dirOfB = b.makeDirectory(b.root(), "b").inode();
        work(a, dirOfA, "warm");
        work(b, dirOfB, "warm");
        long before = locks(a).messagesSent() + locks(b).messagesSent();
        int operations = work(a, dirOfA, "file") + work(b, dirOfB, "file");
        long messages = locks(a).messagesSent() + locks(b).messagesSent() - before;
        System.out.println(messages + " lock messages in " + operations + " operations");
        assertTrue(
            100 * messages <= operations, messages + " messages in " + operations + " operations");
      }
    }
  }

  private static ClusterLocks locks(TestVolume node) {
    return ((FileSystem) node.vfs).locks();
  }

  /** Makes, writes and looks at files, removes every fourth; returns how many operations. */
  private static int work(TestVolume node, long dir, String prefix) throws Exception {
    int operations = 0;
    for (int i = 0; i < FILES; i++) {
      OpenFile file = node.create(dir, prefix + i);
      node.write(file, 0, new byte[2000]);
      node.vfs.release(file, 0);
      node.lookup(dir, prefix + i);
      operations += 4;
      if (i % 4 == 0) {
        node.unlink(dir, prefix + i);
        operations++;
      }
    }
    return operations;
  }
}
