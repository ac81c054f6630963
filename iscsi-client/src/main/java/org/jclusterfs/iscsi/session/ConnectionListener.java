package org.jclusterfs.iscsi.session;

import org.jclusterfs.iscsi.IscsiException;

/** Who is told when a session's connection comes and goes. */
public interface ConnectionListener {

  /** Is told nothing. */
  ConnectionListener NONE = new ConnectionListener() {};

  /** Commands pass from now on; on the event loop, so it must be short and must not block. */
  default void ready() {}

  /**
   * The connection is closed, and its commands are about to fail or to wait; on the event loop, so
   * it must be short and must not block.
   */
  default void lost(IscsiException cause) {}

  /**
   * A new login has ended the old connection at the target, and what of it might still have landed
   * has; {@link #ready} follows if all goes well. On the thread that connects.
   */
  default void reinstated() {}

  /** Runs after {@link #lost}, before each attempt to connect again; may block. */
  default void settle() {}
}
