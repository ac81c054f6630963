package org.jclusterfs.core.cluster;

import java.io.IOException;

/** What the layer above does about a node that died. Calls block, one at a time. */
public interface Recovery {

  /**
   * Replays the journal that a fenced node left, up to its home blocks, and makes that durable.
   * Idempotent. No cluster lock is taken: ordinary grants are blocked meanwhile.
   *
   * @param slot the dead node's slot descriptor: where its journal lies
   * @throws IOException if it could not be replayed whole; it is tried again later
   */
  void replay(SlotInfo slot) throws IOException;

  /**
   * Takes over what is on a dead slot's orphan directory. Called after grants go on, so that
   * cluster locks can be taken; another call follows where this one was cut short by a crash only
   * when somebody claims that slot.
   *
   * @param slot the dead node's slot descriptor as it was
   */
  void adoptOrphans(SlotInfo slot) throws IOException;

  /** Refuses: for nodes that cannot replay. */
  Recovery NONE =
      new Recovery() {
        @Override
        public void replay(SlotInfo slot) throws IOException {
          throw new IOException("slot " + slot.slot() + " has a journal to replay");
        }

        @Override
        public void adoptOrphans(SlotInfo slot) {}
      };
}
