package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.TreeMap;
import org.jclusterfs.core.format.Geometry;
import org.junit.jupiter.api.Test;

class FoundInodesTest {
  private static final int GROUP = 131_072;
  private static final Geometry GEOMETRY =
      new Geometry(
          40L * GROUP, Geometry.SLOT_AREA, 1, 2000, GROUP, Geometry.bitmapBlocksFor(GROUP), 39);

  @Test
  void aMillionInodesTakeLessThanFiftyBytesEach() {
    FoundInodes found = new FoundInodes(GEOMETRY);
    for (int i = 0; i < 1_000_000; i++) {
      found.add(GEOMETRY.firstDataBlock(i % 39) + i / 39 * 3L, InodeInfo.REGULAR, 1, 4711);
    }
    assertEquals(1_000_000, found.size());
    assertTrue(found.bytes() < 50 * found.size(), found.bytes() + " bytes");
  }

  /** What the table holds, held the plain way. */
  private static final class Plain {
    int links;
    int count;
    boolean named;
  }

  @Test
  void remembersWhatAMapRemembers() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    FoundInodes found = new FoundInodes(GEOMETRY);
    TreeMap<Long, Plain> plain = new TreeMap<>();
    for (int i = 0; i < 50_000; i++) {
      long number = GEOMETRY.firstDataBlock(random.nextInt(39)) + random.nextInt(300);
      Plain known = plain.get(number);
      assertEquals(known != null, found.contains(number), "seed " + seed);
      if (known == null) {
        known = new Plain();
        known.links = random.nextInt();
        plain.put(number, known);
        found.add(number, InodeInfo.FIFO | 0777, known.links, -number);
      } else if (random.nextInt(10) == 0) {
        plain.remove(number);
        found.remove(number);
      } else {
        known.count++;
        known.named = true;
        found.raiseCount(number);
        found.named(number);
      }
    }
    assertEquals(plain.size(), found.size());
    found.forEach(
        null,
        inode -> {
          Plain known = plain.remove(inode.number);
          assertEquals(known.links, found.linkCount(inode.number), "seed " + seed);
          assertEquals(known.count, found.count(inode.number), "seed " + seed);
          assertEquals(known.named, found.isNamed(inode.number), "seed " + seed);
          assertEquals(InodeInfo.FIFO, found.type(inode.number), "seed " + seed);
          assertEquals(-inode.number, found.parent(inode.number), "seed " + seed);
          assertFalse(found.isSystem(inode.number));
        });
    assertTrue(plain.isEmpty(), "seed " + seed);
  }

  @Test
  void queueGivesNumbersInTheirOrderWhileItGrows() {
    LongQueue queue = new LongQueue();
    long taken = 0;
    for (long added = 0; added < 10_000; added++) {
      queue.add(added);
      if (added % 3 == 0) {
        assertEquals(taken++, queue.take());
      }
    }
    while (!queue.isEmpty()) {
      assertEquals(taken++, queue.take());
    }
    assertEquals(10_000, taken);
  }
}
