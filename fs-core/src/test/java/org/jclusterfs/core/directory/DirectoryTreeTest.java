package org.jclusterfs.core.directory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jclusterfs.core.directory.DirectoryTree.Entry;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.inode.FreedNode;
import org.jclusterfs.core.inode.Removal;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetadataHarness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Directory trees against a map of names, with good and with weak hashes, and damaged ones. */
class DirectoryTreeTest {
  private static final NameHash HASH = new NameHash(11, 12);

  private final MetadataHarness disk = new MetadataHarness();
  private final Map<String, Entry> model = new HashMap<>();
  private ToLongFunction<byte[]> hash = HASH::hash;

  DirectoryTreeTest() throws IOException {
    disk.change(1, 0, (tx, source) -> DirectoryTree.initialise(tx, disk.inode()));
  }

  private DirectoryTree tree() throws IOException {
    return new DirectoryTree(disk.inode(), disk.scope, disk.store, hash);
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private void insert(String name, long inode, int type) throws IOException {
    DirectoryTree tree = tree();
    disk.change(
        tree.blocksTouchedByInsert(),
        tree.nodesForInsert(),
        (tx, source) -> tree.insert(tx, source, bytes(name), inode, type));
    Entry entry = tree().lookup(bytes(name));
    assertNotNull(entry);
    assertEquals(inode, entry.inode());
    assertEquals(type, entry.type());
    model.put(name, entry);
  }

  private void remove(String name) throws IOException {
    DirectoryTree tree = tree();
    disk.change(tree.blocksTouchedByInsert(), 0, (tx, source) -> tree.remove(tx, bytes(name)));
    model.remove(name);
  }

  private void replace(String name, long inode, int type) throws IOException {
    DirectoryTree tree = tree();
    disk.change(
        tree.blocksTouchedByInsert(),
        0,
        (tx, source) -> tree.replace(tx, bytes(name), inode, type));
    long cookie = model.get(name).cookie();
    model.put(name, new Entry(bytes(name), inode, type, cookie));
  }

  private List<Entry> list(long after) throws IOException {
    List<Entry> entries = new ArrayList<>();
    assertTrue(tree().list(after, entries::add));
    return entries;
  }

  private void check() throws IOException {
    TreeMap<Long, Entry> byCookie = new TreeMap<>();
    model.values().forEach(entry -> assertNull(byCookie.put(entry.cookie(), entry)));
    List<Entry> listed = list(0);
    assertEquals(
        byCookie.values().stream().map(Entry::toString).toList(),
        listed.stream().map(Entry::toString).toList());
    for (Entry entry : listed) {
      Entry modelled = model.get(new String(entry.name(), StandardCharsets.UTF_8));
      assertEquals(modelled.type(), entry.type());
      assertTrue(entry.cookie() >= NameHash.FIRST_COOKIE);
    }
    assertEquals(model.size(), tree().entries());
    assertEquals(model.isEmpty(), tree().isEmpty());
    assertEquals(disk.allocated().size(), InodeBlock.blocks(disk.attributes()));
    assertEquals(4096L * Math.max(1, disk.allocated().size()), InodeBlock.size(disk.attributes()));
  }

  private static String name(Random random, int space) {
    int number = random.nextInt(space);
    // Lengths from 1 to 255, one of them for each number.
    String digits = Integer.toString(number);
    return digits + "x".repeat(number % 7 == 0 ? 255 - digits.length() : number % 40);
  }

  @Property(tries = 30)
  void randomChangesLeaveWhatTheModelHas(@ForAll long seed, @ForAll @IntRange(max = 3) int weakness)
      throws IOException {
    // Bits of the hash that are left: all, few, one, none. Tries share nothing.
    new DirectoryTreeTest().changeAtRandom(seed, new int[] {48, 6, 1, 0}[weakness]);
  }

  private void changeAtRandom(long seed, int bits) throws IOException {
    hash = name -> HASH.hash(name) & (1L << bits) - 1;
    Random random = new Random(seed);
    int space = bits == 48 ? 3_000 : 600;
    for (int step = 0; step < 2_500; step++) {
      String name = name(random, space);
      boolean there = model.containsKey(name);
      assertEquals(there, tree().lookup(bytes(name)) != null);
      if (!there) {
        insert(name, 5_000 + step, 1 + random.nextInt(12));
      } else if (random.nextInt(3) == 0) {
        replace(name, 100_000 + step, 1 + random.nextInt(12));
      } else if (random.nextInt(3) > 0) {
        remove(name);
      }
      if (step % 250 == 0) {
        disk.reload();
        check();
      }
    }
    check();
    for (String name : List.copyOf(model.keySet())) {
      remove(name);
    }
    disk.reload();
    check();
    freeAll();
  }

  private int freeAll() throws IOException {
    int steps = 0;
    boolean complete = false;
    while (!complete) {
      Removal removal = tree().planFreeAll();
      complete = removal.complete();
      assertTrue(complete || !removal.nodes().isEmpty());
      disk.change(removal.credits(), 0, removal::apply);
      for (FreedNode node : removal.nodes()) {
        assertTrue(node.version() >= disk.versionOfFreed(node.address()));
      }
      disk.reload();
      check();
      steps++;
    }
    assertEquals(Set.of(), disk.allocated());
    insert("again", 1, 8);
    check();
    return steps;
  }

  @Test
  void listingContinuesBehindAnyCookieWhileNamesComeAndGo() throws IOException {
    for (int i = 0; i < 3_000; i++) {
      insert("name" + i, i + 1, 8);
    }
    Set<String> seen = new HashSet<>();
    long[] cookie = {0};
    int round = 0;
    boolean more = true;
    while (more) {
      int[] count = {0};
      more =
          !tree()
              .list(
                  cookie[0],
                  entry -> {
                    if (count[0]++ == 100) {
                      return false;
                    }
                    assertTrue(seen.add(new String(entry.name(), StandardCharsets.UTF_8)));
                    cookie[0] = entry.cookie();
                    return true;
                  });
      insert("new" + round, 7, 8);
      if (model.containsKey("name" + round * 50)) {
        remove("name" + round * 50);
      }
      round++;
    }
    for (int i = 0; i < 3_000; i++) {
      assertTrue(seen.contains("name" + i) || !model.containsKey("name" + i), "name" + i);
    }
  }

  @Test
  void cookieOfAFreedNumberIsGivenToTheNextNameOfThatHash() throws IOException {
    hash = name -> 5;
    for (int i = 0; i < 300; i++) {
      insert("n" + i, i + 1, 8);
    }
    long cookie = model.get("n100").cookie();
    assertEquals((5 << 15) + 100, cookie);
    remove("n100");
    insert("other", 9, 8);
    assertEquals(cookie, model.get("other").cookie());
    check();
  }

  @Test
  void namesOfHashZeroStartAtCookieSixteen() throws IOException {
    hash = name -> 0;
    for (int i = 0; i < 40; i++) {
      insert("n" + i, i + 1, 8);
    }
    assertEquals(16, list(0).get(0).cookie());
    assertEquals(55, list(0).get(39).cookie());
    check();
  }

  @Test
  void directoryIsFullWhenAllNumbersOfAHashAreTaken() throws IOException {
    // Full at the end of the highest hash, where cookies end too, and before the next hash.
    for (long full : new long[] {(1L << 48) - 1, 3}) {
      hash = name -> name[0] == 'f' ? full : 4;
      DirectoryTree tree = tree();
      disk.change(
          9_000,
          9_000,
          (tx, source) -> {
            for (int i = 0; i <= NameHash.MAX_COLLISION; i++) {
              long cookie = NameHash.cookie(full, i);
              tree.add(tx, source, new Entry(bytes("f" + full + "-" + i), 1, 8, cookie));
            }
          });
      assertThrows(DirectoryFullException.class, () -> insert("f", 1, 8));
      insert("other" + full, 2, 8);
      assertNull(tree().lookup(bytes("f")));
      assertNotNull(tree().lookup(bytes("f" + full + "-" + NameHash.MAX_COLLISION)));
    }
  }

  @Test
  void twoHundredThousandNamesAreFoundAndFreedInBoundedPieces() throws IOException {
    DirectoryTree tree = tree();
    int names = 200_000;
    disk.change(
        names,
        names,
        (tx, source) -> {
          for (int i = 0; i < names; i++) {
            tree.insert(tx, source, bytes("file" + i), i + 1, 8);
          }
        });
    disk.reload();
    assertEquals(names, tree().entries());
    assertEquals(4096L * disk.allocated().size(), InodeBlock.size(disk.attributes()));
    for (int i = 0; i < names; i++) {
      assertEquals(i + 1, tree().lookup(bytes("file" + i)).inode());
      assertNull(tree().lookup(bytes("none" + i)));
    }
    long[] last = {0};
    long[] count = {0};
    tree()
        .list(
            0,
            entry -> {
              assertTrue(entry.cookie() > last[0]);
              last[0] = entry.cookie();
              count[0]++;
              return true;
            });
    assertEquals(names, count[0]);
    disk.change(
        names,
        0,
        (tx, source) -> {
          for (int i = 0; i < names; i++) {
            tree().remove(tx, bytes("file" + i));
          }
        });
    assertTrue(tree().isEmpty());
    assertTrue(list(0).isEmpty());
    assertTrue(freeAll() > 10);
  }

  @Test
  void namesOfEveryLengthAreKept() throws IOException {
    for (int length = 1; length <= 255; length++) {
      insert("n".repeat(length), length, 4);
    }
    disk.reload();
    check();
    assertArrayEquals(bytes("n".repeat(255)), tree().lookup(bytes("n".repeat(255))).name());
  }

  @Test
  void changesRaiseTheChangeCount() throws IOException {
    insert("a", 1, 8);
    replace("a", 2, 8);
    remove("a");
    assertEquals(3, InodeBlock.changeCount(disk.attributes()));
  }

  @Test
  void callsThatBreakTheRulesAreRefusedAndChangeNothing() throws IOException {
    insert("a", 1, 8);
    assertThrows(IllegalStateException.class, () -> insert("a", 2, 8));
    assertThrows(IllegalStateException.class, () -> remove("b"));
    assertThrows(
        IllegalStateException.class,
        () -> disk.change(9, 0, (tx, source) -> tree().replace(tx, bytes("b"), 1, 8)));
    assertThrows(IllegalArgumentException.class, () -> insert("x".repeat(256), 2, 8));
    assertThrows(IllegalArgumentException.class, () -> insert("", 2, 8));
    assertThrows(DamagedBlockException.class, () -> tree().planFreeAll());
    assertFalse(tree().isEmpty());
    check();
  }

  /** Field of the first leaf, of the root or of an index node that gets a wrong value. */
  @ParameterizedTest
  @CsvSource({
    "leaf, 64, 2, 1", // level
    "leaf, 66, 2, 0", // count
    "leaf, 66, 2, 65535",
    "leaf, 68, 4, 4017", // used
    "leaf, 68, 4, -8",
    "leaf, 68, 4, 16",
    "leaf, 80, 8, 0", // cookie of the first entry
    "leaf, 80, 8, -1",
    "leaf, 80, 8, 9223372036854775807",
    "leaf, 97, 1, 0", // nameLength of the first entry
    "leaf, 97, 1, 255",
    "leaf, 40, 8, 77", // owner
    "root, 156, 4, 2", // layout
    "root, 256, 2, 0", // level
    "root, 256, 2, 3",
    "root, 258, 2, 0", // count
    "root, 258, 2, 160",
    "root, 280, 8, 0", // first child
    "root, 280, 8, 1000", // the inode itself
    "index, 64, 2, 0", // level
    "index, 64, 2, 2",
    "index, 66, 2, 168", // count
    "index, 104, 8, 0", // key of the second entry
    "index, 88, 8, -1", // first child
  })
  void damagedNodeIsRefused(String where, int offset, int bytes, long value) throws IOException {
    DirectoryTree tree = tree();
    disk.change(
        30_000,
        30_000,
        (tx, source) -> {
          for (int i = 0; i < 30_000; i++) {
            tree.insert(tx, source, bytes("file" + i), i + 1, 8);
          }
        });
    long address =
        switch (where) {
          case "root" -> MetadataHarness.INODE;
          case "index" -> disk.blocksOf(IndexEntry.MAGIC).get(0);
          default -> disk.blocksOf(DirectoryEntry.MAGIC).get(0);
        };
    disk.damage(address, offset, value, bytes);
    assertThrows(DamagedBlockException.class, () -> list(0));
  }

  @Test
  void removalFromADirectoryThatCountsNoNamesIsRefused() throws IOException {
    insert("a", 1, 8);
    disk.damage(MetadataHarness.INODE, InodeBlock.ENTRIES_OFFSET, 0, 8);
    assertThrows(DamagedBlockException.class, () -> remove("a"));
  }
}
