package org.jclusterfs.core.cluster;

import java.io.IOException;
import org.jclusterfs.core.device.Fencing.Victim;
import org.jclusterfs.core.device.WritesBlockedException;

/** Fences a slot's claim: first the mark that it will read, then the device, which verifies. */
final class Fencer {

  private static final System.Logger LOG = System.getLogger(Fencer.class.getName());

  private Fencer() {}

  /**
   * Makes sure that a claim's node can write no more. The caller is registered itself.
   *
   * @param self the caller's slot
   * @throws IOException if it could not be confirmed
   */
  static void fence(SlotArea area, SlotInfo victim, int self) throws IOException {
    LOG.log(System.Logger.Level.INFO, "fencing {0}", victim.holder());
    // A claim that was being written when its node died may carry no key.
    int registered = (int) (victim.key() >>> 48);
    Victim named =
        new Victim(victim.key() == 0 ? victim.slot() : registered, victim.key(), victim.process());
    try {
      area.markFenced(victim.slot(), victim.incarnation(), self);
    } catch (WritesBlockedException e) {
      // By the victim itself, whose initiator name is ours. It may register again before it can
      // read the mark, but not after the second round.
      area.device().fencing().fence(named);
      area.markFenced(victim.slot(), victim.incarnation(), self);
    }
    area.device().fencing().fence(named);
  }
}
