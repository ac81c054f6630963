package org.jclusterfs.core.volume;

import java.io.IOException;
import java.util.Collection;
import java.util.UUID;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.journal.JournalOptions;

/** Replays the journals of slots whose holders are dead, for a mount. Idempotent. */
public final class JournalReplay {
  private static final System.Logger LOG = System.getLogger(JournalReplay.class.getName());

  private final BlockDevice device;
  private final Geometry geometry;
  private final UUID volume;
  private final JournalOptions options;

  /** Makes the replayer of a volume. */
  public JournalReplay(BlockDevice device, Geometry geometry, UUID volume) {
    this(device, geometry, volume, JournalOptions.defaults());
  }

  /** As the other one, with options as {@link SlotJournals} takes them. */
  public JournalReplay(BlockDevice device, Geometry geometry, UUID volume, JournalOptions options) {
    this.options = options;
    this.device = device;
    this.geometry = geometry;
    this.volume = volume;
  }

  /**
   * Replays the journals of some slots and marks them clean. Each is fenced, or dead for sure.
   *
   * @return how many of them were dirty
   */
  public int replay(Collection<Integer> slots) throws IOException {
    SlotJournals journals = new SlotJournals(device, geometry, volume, options);
    int dirty = 0;
    long begin = System.nanoTime();
    for (int slot : slots) {
      int images = journals.add(slot);
      if (images >= 0) {
        dirty++;
      }
      LOG.log(
          System.Logger.Level.INFO,
          "journal of slot {0}: {1}",
          slot,
          images < 0 ? "clean" : images + " blocks to replay");
    }
    long read = System.nanoTime();
    journals.replay();
    if (dirty > 0) {
      LOG.log(
          System.Logger.Level.INFO,
          "journals read in {0} ms, replayed in {1} ms",
          (read - begin) / 1_000_000,
          (System.nanoTime() - read) / 1_000_000);
    }
    return dirty;
  }
}
