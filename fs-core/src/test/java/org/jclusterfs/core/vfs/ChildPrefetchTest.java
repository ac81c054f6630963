package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node looks at the files that another one has made. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ChildPrefetchTest {
  private static final int FILES = 2500;

  @TempDir Path directory;
  private TestVolume writer;
  private TestVolume reader;
  private long parent;

  @BeforeEach
  void makeFiles() throws Exception {
    writer = TestVolume.clustered(directory);
    reader = writer.another();
    parent = writer.makeDirectory(writer.root(), "d").inode();
    for (int i = 0; i < FILES; i++) {
      OpenFile file = writer.create(parent, "f" + i);
      writer.write(file, 0, new byte[i]);
      writer.vfs.release(file, 0);
    }
    // What went before is written and settled: this is about what one pass costs.
    reader.lookup(reader.root(), "d");
    // Locks of files just made are kept for a moment, and then go one by one.
    Thread.sleep(100);
  }

  @AfterEach
  void close() throws Exception {
    reader.close();
    writer.close();
  }

  private static ClusterLocks locks(TestVolume node) {
    return ((FileSystem) node.vfs).locks();
  }

  private long messages() {
    return locks(writer).messagesSent() + locks(reader).messagesSent();
  }

  private void lookAtAll() throws Exception {
    for (int i = 0; i < FILES; i++) {
      assertEquals(i, reader.lookup(parent, "f" + i).size());
    }
  }

  @Test
  void whoHasListedADirectoryLooksAtItsFilesAtTheCostOfFewMessages() throws Exception {
    long before = messages();
    assertEquals(FILES, reader.list(parent).size());
    lookAtAll();
    long cost = messages() - before;
    assertTrue(cost <= 30, cost + " lock messages for " + FILES + " files");
    before = messages();
    lookAtAll();
    assertEquals(before, messages());
  }

  @Test
  void filesLookedAtByNameAreLeftToTheirWriter() throws Exception {
    reader.lookup(parent, "f0");
    reader.lookup(parent, "f1");
    long before = messages();
    OpenFile file = writer.open(writer.lookup(parent, "f2").inode(), TestVolume.O_RDWR);
    writer.write(file, 0, new byte[10]);
    writer.vfs.release(file, 0);
    assertEquals(before, messages());
  }

  @Test
  void listingTellsAttributesAtTheCostOfFewMessages() throws Exception {
    Map<String, Attributes> told = listWithAttributes(8);
    long before = messages();
    told = listWithAttributes(200);
    assertEquals(FILES, told.size());
    assertEquals(before, messages());
    for (int i = 0; i < FILES; i++) {
      assertEquals(writer.lookup(parent, "f" + i), told.get("f" + i));
    }
  }

  @Test
  void firstListingTellsAttributesAtTheCostOfFewMessages() throws Exception {
    long before = messages();
    Map<String, Attributes> told = listWithAttributes(200);
    long cost = messages() - before;
    assertTrue(cost <= 12, cost + " lock messages for " + FILES + " files");
    told.forEach((name, a) -> assertTrue(a != null && name.equals("f" + a.size()), name));
  }

  @Test
  void whoLooksAtFileAfterFileOpensNoneAndCostsFewMessages() throws Exception {
    long before = messages();
    lookAtAll();
    long cost = messages() - before;
    assertTrue(cost <= 30, cost + " lock messages for " + FILES + " files");
  }

  @Test
  void whoOpensFileAfterFileLeavesTheOthersToTheirWriter() throws Exception {
    for (int i = 0; i < 20; i++) {
      OpenFile file = reader.open(reader.lookup(parent, "f" + i).inode(), 0);
      reader.vfs.release(file, 0);
    }
    long before = messages();
    for (int i = 20; i < 60; i++) {
      writer.truncate(writer.lookup(parent, "f" + i).inode(), 1);
    }
    assertEquals(before, messages());
  }

  /** All names with what was told of them, read in pieces of so many entries. */
  private Map<String, Attributes> listWithAttributes(int piece) throws Exception {
    Map<String, Attributes> told = new HashMap<>();
    OpenFile handle = reader.open(parent, 0);
    long[] cookie = {2};
    int[] room = {piece};
    while (room[0] < piece || told.isEmpty()) {
      int before = told.size();
      room[0] = piece;
      reader.vfs.readDirectory(
          handle,
          cookie[0],
          true,
          new DirectorySink() {
            @Override
            public boolean accept(
                byte[] name, long inode, int type, long nextCookie, Attributes attributes) {
              if (room[0] == 0) {
                return false;
              }
              room[0]--;
              cookie[0] = nextCookie;
              told.put(new String(name, StandardCharsets.UTF_8), attributes);
              return true;
            }

            @Override
            public int room() {
              return room[0];
            }
          });
      if (told.size() == before) {
        break;
      }
    }
    reader.vfs.release(handle, 0);
    return told;
  }

  @Test
  void changesMadeAfterThatAreSeen() throws Exception {
    reader.list(parent);
    lookAtAll();
    for (int i : List.of(3, FILES / 2, FILES - 1)) {
      long inode = writer.lookup(parent, "f" + i).inode();
      writer.truncate(inode, 7);
      assertEquals(7, reader.attributes(inode).size());
    }
    writer.unlink(parent, "f5");
    assertEquals(FILES - 1, reader.list(parent).size());
    assertEquals(6, reader.lookup(parent, "f6").size());
  }
}
