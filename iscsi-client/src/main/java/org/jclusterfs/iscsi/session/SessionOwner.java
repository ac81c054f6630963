package org.jclusterfs.iscsi.session;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.IscsiException;

/** Who is told what happens on a connection in its Full Feature Phase; on the event loop. */
interface SessionOwner {

  /** Whether a command that changes the medium may be put on the wire now. */
  boolean mayWrite();

  /** Whether a unit may be reset to end a command: never where others use it too. */
  default boolean mayResetUnits() {
    return false;
  }

  /** The connection is of no more use and has to be closed. */
  void connectionFailed(FullFeaturePhase phase, IscsiException cause);

  /** The target answered the Logout Request. */
  void loggedOut(FullFeaturePhase phase);

  /** A Text Response arrived. */
  void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int targetTransferTag);
}
