package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jclusterfs.core.vfs.OpenFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What one thread's fsync waits for, counted. Each figure is the most frequent of several: the
 * cleaner of the mount may have begun or even done the same commit.
 */
final class FsyncCostTest {

  private static final int TIMES = 15;
  private static final byte[] DATA = new byte[8192];

  private RoundsDevice device;
  private MountedVolume volume;

  /** One of the things measured; it is given a number that no other has. */
  private interface Step {
    RoundsDevice.Cost run(int number) throws Exception;
  }

  @BeforeEach
  void mount() throws Exception {
    Arrays.fill(DATA, (byte) 1);
    device = new RoundsDevice(new SimulatedBlockDevice(CrashRun.formatted()));
    volume = new MountedVolume(device, false);
  }

  @AfterEach
  void unmount() throws Exception {
    volume.vfs.close();
  }

  private static RoundsDevice.Cost usual(Step step) throws Exception {
    Map<RoundsDevice.Cost, Integer> seen = new HashMap<>();
    for (int i = 0; i < TIMES; i++) {
      seen.merge(step.run(i), 1, Integer::sum);
    }
    return seen.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  private RoundsDevice.Cost sync(long inode, boolean dataOnly) throws Exception {
    return device.cost(() -> volume.vfs.sync(inode, dataOnly));
  }

  private OpenFile syncedFile(String name) throws Exception {
    OpenFile file = volume.create(volume.root(), name);
    volume.write(file, 0, DATA);
    volume.vfs.sync(file.inode(), false);
    return file;
  }

  @Test
  void newFileCostsThreeWaitsAndTwoFlushes() throws Exception {
    RoundsDevice.Cost cost =
        usual(
            number -> {
              OpenFile file = volume.create(volume.root(), "new " + number);
              volume.write(file, 0, DATA);
              return sync(file.inode(), false);
            });
    assertEquals(new RoundsDevice.Cost(3, 2), cost);
  }

  @Test
  void appendedFileCostsThreeWaitsAndTwoFlushes() throws Exception {
    OpenFile file = volume.create(volume.root(), "appended");
    RoundsDevice.Cost cost =
        usual(
            number -> {
              volume.write(file, (long) number * DATA.length, DATA);
              return sync(file.inode(), true);
            });
    assertEquals(new RoundsDevice.Cost(3, 2), cost);
  }

  @Test
  void overwrittenFileCostsTwoWaitsAndOneFlush() throws Exception {
    OpenFile file = syncedFile("overwritten");
    RoundsDevice.Cost cost =
        usual(
            number -> {
              volume.write(file, 0, DATA);
              return sync(file.inode(), false);
            });
    assertEquals(new RoundsDevice.Cost(2, 1), cost);
  }

  @Test
  void smallFileAndDirectoryCostOneDurableWrite() throws Exception {
    RoundsDevice.Cost file =
        usual(
            number -> {
              OpenFile small = volume.create(volume.root(), "small " + number);
              volume.write(small, 0, new byte[100]);
              return sync(small.inode(), false);
            });
    assertEquals(new RoundsDevice.Cost(1, 1), file);
    RoundsDevice.Cost directory =
        usual(
            number -> {
              volume.makeDirectory(volume.root(), "directory " + number);
              return sync(volume.root(), false);
            });
    assertEquals(new RoundsDevice.Cost(1, 1), directory);
  }

  @Test
  void unchangedFileCostsNothing() throws Exception {
    OpenFile file = syncedFile("unchanged");
    assertEquals(new RoundsDevice.Cost(0, 0), usual(number -> sync(file.inode(), false)));
  }
}
