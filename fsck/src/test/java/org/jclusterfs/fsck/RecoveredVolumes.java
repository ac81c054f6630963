package org.jclusterfs.fsck;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DiskImage;

/**
 * What became of the disks that were recovered lately, so that the same disk is recovered once and
 * the same volume is mounted, walked and checked once, whichever sequences led there. Thread-safe.
 */
final class RecoveredVolumes {
  private static final int IMAGES = 1_000_000;
  private static final int VOLUMES = 30_000;
  private static final int CONTENTS = 5_000;

  private final Fault[] faults;
  private final Recent<Long, Long> replayed = new Recent<>(IMAGES);
  private final Recent<Long, RecoveredVolume> volumes = new Recent<>(VOLUMES);
  private final Recent<Integer, byte[]> contents = new Recent<>(CONTENTS);

  /** With faults planted in the recovery. */
  RecoveredVolumes(Fault... faults) {
    this.faults = faults;
  }

  Fault[] faults() {
    return faults;
  }

  /**
   * A disk, recovered.
   *
   * @param volume what came out
   * @param newImage whether its journals were replayed for this
   * @param newVolume whether the volume was mounted, walked and checked for this
   */
  record Result(RecoveredVolume volume, boolean newImage, boolean newVolume) {}

  /**
   * Recovers a disk, or remembers.
   *
   * @param digest of the calling thread
   * @throws Exception if replay refuses
   */
  Result of(DiskImage image, VolumeDigest digest) throws Exception {
    long imageKey = digest.ofImage(image);
    Long key = replayed.get(imageKey);
    boolean newImage = key == null;
    if (newImage) {
      key = digest.afterReplay(image);
      replayed.put(imageKey, key);
    }
    RecoveredVolume volume = volumes.get(key);
    boolean newVolume = volume == null;
    if (newVolume) {
      volume = compact(RecoveredVolume.of(image, faults));
      volumes.put(key, volume);
    }
    return new Result(volume, newImage, newVolume);
  }

  /** With files' contents shared among the volumes. */
  private RecoveredVolume compact(RecoveredVolume volume) {
    Map<String, byte[]> shared = new TreeMap<>();
    volume
        .contents()
        .forEach(
            (path, content) -> {
              int key = Arrays.hashCode(content);
              byte[] known = contents.get(key);
              boolean same = known != null && Arrays.equals(known, content);
              if (known == null) {
                contents.put(key, content);
              }
              shared.put(path.intern(), same ? known : content);
            });
    return new RecoveredVolume(volume.lines(), shared, volume.problem());
  }
}
