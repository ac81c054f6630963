package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;

/**
 * One step on the way from a change among the nodes to a cluster that grants everything again. The
 * {@link Coordinator} asks the steps in order, from the first one after every input; each decides
 * from what is known then. So the death of anybody at any step only changes what it starts from.
 */
interface RecoveryStep {

  /**
   * Does what can be done now.
   *
   * @param base whom this node counts as members, see {@link Knowledge#base}
   * @return whether nothing is left to do in this step, so that the next one may go on
   */
  boolean advance(Set<Member> base);

  /** Forgets what is under way here: an earlier step has work again, or another node acts. */
  default void giveUp() {}
}
