package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.vfs.FsException.Failure;

/** FITRIM: tells the device what is free, group by group. */
final class TrimOperation {
  private static final int BLOCK = MetaStore.BLOCK_SIZE;

  private final VolumeState volume;

  TrimOperation(VolumeState volume) {
    this.volume = volume;
  }

  /** As {@link Vfs#trim}. */
  long trim(long start, long length, long minimum, Cancellation cancellation)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    if (!volume.device().canDiscard()) {
      throw new FsException(
          Failure.NOT_SUPPORTED,
          "the device " + volume.device().description() + " knows no discard, or not a safe one");
    }
    if (start < 0 || start >= volume.device().size() || length < BLOCK && length >= 0) {
      throw new FsException(Failure.INVALID, "a range outside of the volume, or below a block");
    }
    // Lengths are unsigned; the largest stands for all.
    long rest = volume.device().size() - start;
    long to = start + (length < 0 ? rest : Math.min(length, rest));
    long shortest = minimum < 0 ? Long.MAX_VALUE : Math.max(1, minimum / BLOCK);
    ResourceGroups.TrimRange range =
        new ResourceGroups.TrimRange((start + BLOCK - 1) / BLOCK, to / BLOCK, shortest);
    AtomicBoolean cancelled = new AtomicBoolean();
    cancellation.onCancel(() -> cancelled.set(true));
    long trimmed = 0;
    for (int group = 0; group < volume.groups().count(); group++) {
      if (cancelled.get()) {
        throw new FsException(Failure.INTERRUPTED, "interrupted at group " + group);
      }
      trimmed += volume.groups().trim(group, volume.device(), range);
    }
    return trimmed * BLOCK;
  }
}
