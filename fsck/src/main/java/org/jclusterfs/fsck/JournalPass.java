package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.volume.SlotJournals;
import org.jclusterfs.core.volume.UnusableVolumeException;

/** Replays journals that nodes left; with -n looks at the volume as if they were replayed. */
final class JournalPass {
  private final Check check;
  private boolean needed;

  JournalPass(Check check) {
    this.check = check;
  }

  /** Whether a journal still wants a replay that was declined: nothing else can be judged then. */
  boolean isReplayNeeded() {
    return needed;
  }

  void run() throws IOException {
    SlotJournals journals = new SlotJournals(check.store.device(), check.superblock);
    boolean replay = false;
    for (int slot = 0; slot < check.geometry.slotCount(); slot++) {
      BlockStore.Checked read =
          check.store.readChecked(check.geometry.slotBlock(slot), SlotDescriptor.MAGIC);
      if (read.good() && !check.badJournals.contains(slot)) {
        replay |= run(journals, read.block(), slot);
      } else {
        // Reported by the slot pass, and not repaired: what the journal holds is not known.
        needed |= check.report.mode() != Mode.NO;
      }
    }
    if (check.report.mode() == Mode.NO) {
      check.store.lay(journals.preview());
    } else if (replay && !needed) {
      journals.replay();
    }
  }

  /** Looks at one journal, and returns whether it is to be replayed. */
  private boolean run(SlotJournals journals, ByteBuffer descriptor, int slot) throws IOException {
    int images;
    try {
      images = journals.add(descriptor, slot);
    } catch (UnusableVolumeException e) {
      if (e.reason() == UnusableVolumeException.Reason.UNSUPPORTED) {
        throw e;
      }
      if (check.report.fix(Problem.JOURNAL_DAMAGED, slot, e.getMessage())) {
        journals.format(descriptor, slot);
      } else {
        needed |= check.report.mode() != Mode.NO;
      }
      return false;
    }
    if (images < 0) {
      if (!journals.bothHeadersWhole(descriptor, slot)
          && check.report.fix(Problem.JOURNAL_HEADER_COPY_DAMAGED, slot)) {
        journals.restoreHeader(descriptor, slot);
      }
      return false;
    }
    boolean fix = true;
    String damage = journals.damage(slot).orElse(null);
    if (damage != null) {
      fix = check.report.fix(Problem.JOURNAL_TRANSACTION_DAMAGED, damage);
      if (fix) {
        journals.acceptDamage(slot);
      }
    }
    fix &= check.report.fix(Problem.JOURNAL_DIRTY, slot, images);
    needed |= !fix && check.report.mode() != Mode.NO;
    return fix;
  }
}
