package org.jclusterfs.core.device;

import java.io.IOException;

/**
 * Tells, after a connection was made anew and this node registered again, whether its peers fenced
 * it meanwhile: a preempted node that simply registers again could write again.
 *
 * <p>Called on a thread of its own, before any write passes. It may read from the device.
 */
@FunctionalInterface
public interface FenceCheck {

  /**
   * Whether this node still is a member.
   *
   * @return false where the fence block names this incarnation: every write fails from then on
   * @throws IOException if that could not be read; the connection is dropped and made anew
   */
  boolean stillMember() throws IOException;
}
