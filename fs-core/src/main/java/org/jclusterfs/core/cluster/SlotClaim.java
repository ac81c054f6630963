package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.core.cluster.SlotInfo.Claimant;
import org.jclusterfs.core.device.Fencing;
import org.jclusterfs.core.device.WriteGate;
import org.jclusterfs.core.device.WritesBlockedException;
import org.jclusterfs.core.format.SlotDescriptor;

/**
 * A slot that this process holds, from its claim to its release. The registration at the device is
 * what makes it exclusive: a claimant that was paused either still has it or cannot write.
 */
final class SlotClaim {

  // Registrations that are no slot's: those of a claimant who must fence a slot before he takes it.
  private static final int FIRST_PASSING_NUMBER = 4096;
  private static final int PASSING_NUMBERS = 60000;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final SlotArea area;
  private final SlotInfo before;
  private volatile SlotInfo info;

  private SlotClaim(SlotArea area, SlotInfo info, SlotInfo before) {
    this.area = area;
    this.info = info;
    this.before = before;
  }

  /** The descriptor as claimed. */
  SlotInfo info() {
    return info;
  }

  /** The descriptor of the dead claim that this one replaced, or null where the slot was free. */
  SlotInfo replaced() {
    return before.isFree() ? null : before;
  }

  static long newIncarnation() {
    long number;
    do {
      number = RANDOM.nextLong();
    } while (number == 0);
    return number;
  }

  private static long newKey(int number) {
    long nonce;
    do {
      nonce = RANDOM.nextLong() >>> 16;
    } while (nonce == 0);
    return (long) number << 48 | nonce;
  }

  /**
   * Claims a slot that is free, or one whose holder is known to be dead.
   *
   * @param seen the slot's descriptor as the caller judged it
   * @return null where somebody else was faster
   * @throws WritesBlockedException where a registration of the same initiator name is in the way
   */
  static SlotClaim take(SlotArea area, SlotInfo seen, int state, Claimant claimant)
      throws IOException {
    Fencing fencing = area.device().fencing();
    area.device().setWriteGate(WriteGate.OPEN);
    if (!seen.isFree() && !fenceInPassing(area, seen)) {
      return null;
    }
    long key = newKey(seen.slot());
    long incarnation = newIncarnation();
    AtomicBoolean done = new AtomicBoolean();
    // A claim that is not written yet is not fenced within that time, see LeftoverKeys.
    long end =
        BootClock.nanoTime()
            + TimeUnit.MILLISECONDS.toNanos(area.volume().thresholdMillis()) * 2 / 3;
    area.device()
        .setFenceCheck(
            () ->
                done.get()
                    ? isStillHeldBy(area, seen.slot(), incarnation)
                    : BootClock.nanoTime() - end < 0);
    if (!fencing.register(seen.slot(), key)) {
      return null;
    }
    try {
      fencing.requireWritable();
      SlotInfo now = area.slot(seen.slot());
      if (now.state() != seen.state() || now.incarnation() != seen.incarnation()) {
        return null;
      }
      SlotInfo wanted =
          now.claimed(state, incarnation, key, claimant, System.currentTimeMillis() / 1000);
      area.writeSlot(wanted);
      if (area.slot(seen.slot()).incarnation() != wanted.incarnation()) {
        return null;
      }
      done.set(true);
      return new SlotClaim(area, wanted, now);
    } finally {
      if (!done.get()) {
        fencing.unregister(seen.slot(), key);
      }
    }
  }

  /** Whether a claim is neither fenced nor given to somebody else. */
  static boolean isStillHeldBy(SlotArea area, int slot, long incarnation) throws IOException {
    SlotInfo now = area.slot(slot);
    return now.incarnation() == incarnation
        && !now.isFree()
        && area.fencedIncarnation(slot) != incarnation;
  }

  /** Tells the others where this node listens. */
  void publish(Claimant claimant) throws IOException {
    SlotInfo now =
        info.claimed(info.state(), info.incarnation(), info.key(), claimant, info.claimedAt());
    area.writeSlot(now);
    info = now;
  }

  /**
   * Fences a registration that a claimant who died left behind on a free slot.
   *
   * @param free the slot's descriptor as the caller judged it
   * @return false where the slot was claimed meanwhile
   */
  static boolean fenceLeftover(SlotArea area, SlotInfo free, long key) throws IOException {
    return inPassing(
        area,
        free,
        () -> area.device().fencing().fence(new Fencing.Victim(free.slot(), key, free.process())));
  }

  /** Fences a dead claim while registered as no slot's node; false where it is another's now. */
  static boolean fenceInPassing(SlotArea area, SlotInfo dead) throws IOException {
    return !dead.isFree()
        && inPassing(
            area,
            dead,
            () -> {
              Fencer.fence(area, dead, dead.slot());
            });
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Does something while registered as no slot's node, if the slot still is as it was seen. */
  private static boolean inPassing(SlotArea area, SlotInfo seen, Step step) throws IOException {
    Fencing fencing = area.device().fencing();
    area.device().setFenceCheck(() -> true); // nobody fences such a registration
    int number = FIRST_PASSING_NUMBER + RANDOM.nextInt(PASSING_NUMBERS);
    long key = newKey(number);
    if (!fencing.register(number, key)) {
      return false;
    }
    try {
      SlotInfo now = area.slot(seen.slot());
      if (now.state() != seen.state() || now.incarnation() != seen.incarnation()) {
        return false;
      }
      step.run();
      return true;
    } finally {
      fencing.unregister(number, key);
    }
  }

  /** Gives the slot back as it was found: free, or to the dead holder who left it. */
  void undo() throws IOException {
    area.writeSlot(before.isFree() ? info.freed(System.currentTimeMillis() / 1000) : before);
    area.device().fencing().unregister(info.slot(), info.key());
  }

  /** Frees the slot: its journal is clean. */
  void release() throws IOException {
    area.writeSlot(info.freed(System.currentTimeMillis() / 1000));
    area.device().fencing().unregister(info.slot(), info.key());
  }

  /** Frees a dead node's slot after its journal was replayed. */
  static void free(SlotArea area, SlotInfo dead) throws IOException {
    area.writeSlot(dead.freed(System.currentTimeMillis() / 1000));
  }

  static void backOff() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(50 + RANDOM.nextInt(400));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while claiming a slot", e);
    }
  }

  /** Whether a descriptor is a tool's claim. */
  static boolean isTool(SlotInfo info) {
    return info.state() == SlotDescriptor.TOOL;
  }
}
