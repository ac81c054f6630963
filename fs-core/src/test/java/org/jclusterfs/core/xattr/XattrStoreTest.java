package org.jclusterfs.core.xattr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.XattrBlock;
import org.jclusterfs.core.inode.FreedNode;
import org.jclusterfs.core.inode.Removal;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetadataHarness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attributes against a map, and what damaged ones do. */
class XattrStoreTest {
  private final MetadataHarness disk = new MetadataHarness();
  private final Map<String, byte[]> model = new LinkedHashMap<>();

  private XattrStore store() throws IOException {
    return new XattrStore(disk.inode(), disk.scope, disk.store);
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private void set(String name, byte[] value, int flags) throws IOException {
    apply(store().planSet(bytes(name), value, flags));
    model.put(name, value);
  }

  private void remove(String name) throws IOException {
    apply(store().planRemove(bytes(name)));
    model.remove(name);
  }

  private void apply(XattrStore.Change change) throws IOException {
    int before = disk.allocated().size();
    disk.change(change.credits(), change.nodesNeeded(), change::apply);
    assertEquals(before + change.nodesNeeded() - change.nodes().size(), disk.allocated().size());
    for (FreedNode node : change.nodes()) {
      assertTrue(node.version() >= disk.versionOfFreed(node.address()));
    }
  }

  private void check() throws IOException {
    assertEquals(
        List.copyOf(model.keySet()),
        store().list().stream().map(name -> new String(name, StandardCharsets.UTF_8)).toList());
    for (Map.Entry<String, byte[]> entry : model.entrySet()) {
      assertArrayEquals(entry.getValue(), store().get(bytes(entry.getKey())));
    }
    assertEquals(disk.allocated().size(), InodeBlock.blocks(disk.attributes()));
    assertEquals(model.isEmpty(), InodeBlock.xattrBlock(disk.attributes()) == 0);
    int blocks =
        (InodeBlock.xattrBytes(disk.attributes()) + XattrBlock.STREAM_LENGTH - 1)
            / XattrBlock.STREAM_LENGTH;
    assertEquals(blocks, disk.allocated().size());
  }

  @Property(tries = 60)
  void randomChangesLeaveWhatTheModelHas(@ForAll long seed) throws IOException {
    // Tries share nothing.
    new XattrStoreTest().changeAtRandom(seed);
  }

  private void changeAtRandom(long seed) throws IOException {
    Random random = new Random(seed);
    for (int step = 0; step < 150; step++) {
      String name = "user." + "n".repeat(random.nextInt(20));
      if (random.nextInt(4) > 0) {
        int[] sizes = {0, 10, 300, 5_000, 20_000};
        byte[] value = new byte[random.nextInt(sizes[random.nextInt(sizes.length)] + 1)];
        random.nextBytes(value);
        try {
          set(name, value, 0);
        } catch (AttributeTooBigException expected) {
          int sum = model.values().stream().mapToInt(v -> v.length).sum();
          assertTrue(sum > XattrStore.MAX_STREAM_LENGTH - 30_000);
        }
      } else if (model.containsKey(name)) {
        remove(name);
      } else {
        assertNull(store().get(bytes(name)));
        assertThrows(AttributeMissingException.class, () -> remove(name));
      }
      if (random.nextInt(10) == 0) {
        disk.reload();
      }
      check();
    }
    Removal all = store().planFreeAll();
    assertTrue(all.complete());
    disk.change(all.credits(), all.nodesNeeded(), all::apply);
    model.clear();
    disk.reload();
    check();
    assertEquals(Set.of(), disk.allocated());
  }

  @Test
  void flagsDecideWhetherTheAttributeMustBeThere() throws IOException {
    assertThrows(
        AttributeMissingException.class, () -> set("user.a", new byte[1], XattrStore.REPLACE));
    set("user.a", new byte[1], XattrStore.CREATE);
    assertThrows(
        AttributeExistsException.class, () -> set("user.a", new byte[2], XattrStore.CREATE));
    set("user.a", new byte[3], XattrStore.REPLACE);
    check();
  }

  @Test
  void longestValueFitsAndLongerOnesAreRefused() throws IOException {
    set("user.longest", new byte[XattrStore.MAX_VALUE_LENGTH], 0);
    assertThrows(
        AttributeTooBigException.class,
        () -> set("user.longer", new byte[XattrStore.MAX_VALUE_LENGTH + 1], 0));
    set("user.other", new byte[60_000], 0);
    assertThrows(AttributeTooBigException.class, () -> set("user.third", new byte[10_000], 0));
    check();
  }

  @Test
  void changeOfTheLastAttributeLeavesTheBlocksBeforeItAlone() throws IOException {
    set("user.big", new byte[20_000], 0);
    set("user.small", new byte[10], 0);
    disk.commit();
    long first = InodeBlock.xattrBlock(disk.attributes());
    long version = disk.store.read(disk.scope, first, XattrBlock.MAGIC).version();
    set("user.small", new byte[] {1, 2, 3}, 0);
    disk.commit();
    assertEquals(version, disk.store.read(disk.scope, first, XattrBlock.MAGIC).version());
    disk.reload();
    check();
  }

  /** Field of the first xattr block, or of the inode, that gets a wrong value. */
  @ParameterizedTest
  @CsvSource({
    "block, 64, 8, 10000", // next: the block itself
    "block, 64, 8, 0",
    "block, 64, 8, -1",
    "block, 64, 8, 1000", // the inode
    "block, 72, 4, 0", // length
    "block, 72, 4, 4017",
    "block, 72, 4, -1",
    "block, 80, 1, 0", // nameLength of the first attribute
    "block, 82, 4, -1", // valueLength
    "block, 82, 4, 65537",
    "block, 82, 4, 40000",
    "block, 40, 8, 77", // owner
    "inode, 168, 8, 0", // xattrBlock
    "inode, 168, 8, 1000",
    "inode, 176, 4, -1", // xattrBytes
    "inode, 176, 4, 8",
    "inode, 176, 4, 131080",
    "inode, 176, 4, 100000",
  })
  void damagedChainIsRefused(String where, int offset, int bytes, long value) throws IOException {
    set("user.a", new byte[10_000], 0);
    set("user.b", new byte[10], 0);
    long address =
        where.equals("inode") ? MetadataHarness.INODE : InodeBlock.xattrBlock(disk.attributes());
    disk.damage(address, offset, value, bytes);
    assertThrows(DamagedBlockException.class, () -> store().get(bytes("user.a")));
    assertThrows(DamagedBlockException.class, () -> store().list());
    assertThrows(DamagedBlockException.class, () -> store().planRemove(bytes("user.b")));
  }
}
