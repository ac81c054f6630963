package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.XattrBlock;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What was not damaged is the same after a repair, to the bit, as the filesystem itself reads it:
 * under its path, or where a directory above it was damaged, under any.
 */
class RepairKeepsTheRestTest {
  private static final Set<Integer> OF_INODES =
      Set.of(
          InodeBlock.MAGIC,
          ExtentEntry.MAGIC,
          IndexEntry.MAGIC,
          DirectoryEntry.MAGIC,
          XattrBlock.MAGIC);

  @TempDir static Path directory;

  private static byte[] good;
  private static Tree before;

  /** All that the filesystem shows of a volume. */
  private static final class Tree {
    final Map<String, Long> paths = new TreeMap<>();
    final Map<Long, String> contents = new HashMap<>();
    private final MountedVolume volume;

    Tree(Path file) throws Exception {
      volume = new MountedVolume(Devices.open(DeviceSpec.of("file:" + file)), false);
      paths.put("", volume.root());
      readBelow("", volume.root());
      volume.vfs.close();
    }

    private void readBelow(String path, long number) throws FsException {
      for (Map.Entry<String, Long> entry : volume.list(number).entrySet()) {
        String at = path + "/" + entry.getKey();
        long child = entry.getValue();
        paths.put(at, child);
        Attributes attributes = volume.attributes(child);
        contents.put(child, content(child, attributes));
        if ((attributes.mode() & MountedVolume.TYPE_MASK) == MountedVolume.DIRECTORY) {
          readBelow(at, child);
        }
      }
    }

    private String content(long number, Attributes attributes) throws FsException {
      StringBuilder content = new StringBuilder(Integer.toOctalString(attributes.mode()));
      switch (attributes.mode() & MountedVolume.TYPE_MASK) {
        case InodeInfo.REGULAR ->
            content
                .append(" of ")
                .append(attributes.size())
                .append(" bytes: ")
                .append(Arrays.hashCode(volume.readWhole(number)));
        case InodeInfo.SYMLINK -> content.append(" to ").append(volume.readLink(number));
        default -> {} // names are compared by their paths
      }
      volume
          .xattrs(number)
          .forEach(
              (name, value) ->
                  content.append(' ').append(name).append('=').append(Arrays.hashCode(value)));
      return content.toString();
    }
  }

  @BeforeAll
  static void read() throws Exception {
    good = FuzzCampaign.goodImage(directory.resolve("good.img"));
    before = new Tree(TestVolume.reset(directory.resolve("volume.img"), good));
  }

  /** The inodes that some metadata block of the good volume belongs to that is another one now. */
  private static Set<Long> damaged(byte[] now) {
    Set<Long> damaged = new HashSet<>();
    for (int at = 0; at < good.length; at += BlockHeader.BLOCK_SIZE) {
      int end = at + BlockHeader.BLOCK_SIZE;
      if (!Arrays.equals(good, at, end, now, at, end)) {
        ByteBuffer was =
            ByteBuffer.wrap(good, at, BlockHeader.BLOCK_SIZE)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
        if (OF_INODES.contains(BlockHeader.magic(was))) {
          damaged.add(BlockHeader.owner(was));
        }
      }
    }
    return damaged;
  }

  @ParameterizedTest
  @EnumSource(Problem.class)
  void undamagedFilesAreTheSameAfterARepair(Problem problem) throws Exception {
    Path file = TestVolume.reset(directory.resolve("volume.img"), good);
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.ALL.get(problem).into(volume);
    }
    Set<Long> damaged = damaged(Files.readAllBytes(file));
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    Tree after = new Tree(file);
    int compared = 0;
    for (Map.Entry<String, Long> entry : before.paths.entrySet()) {
      long number = entry.getValue();
      if (entry.getKey().isEmpty() || damaged.contains(number)) {
        continue;
      }
      String content = after.contents.get(number);
      assertNotNull(content, entry.getKey() + " is gone: " + repaired.output());
      assertEquals(before.contents.get(number), content, entry.getKey() + repaired.output());
      if (isBelowUndamaged(entry.getKey(), damaged)) {
        assertEquals(number, after.paths.get(entry.getKey()), entry.getKey() + repaired.output());
      }
      compared++;
    }
    assertTrue(compared > TestVolume.FILES, compared + " compared");
  }

  private static boolean isBelowUndamaged(String path, Set<Long> damaged) {
    for (int end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
      if (damaged.contains(before.paths.get(path.substring(0, end)))) {
        return false;
      }
    }
    return true;
  }
}
