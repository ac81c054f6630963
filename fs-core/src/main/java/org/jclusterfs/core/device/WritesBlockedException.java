package org.jclusterfs.core.device;

import java.io.IOException;

/**
 * The target refuses this node's writes although it is registered, because it takes this node and
 * another one, that logged in under the same initiator name, for one. Ends when the other one's
 * registration is removed; this node was not fenced.
 */
public final class WritesBlockedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one whose message says what to do, with the refusal that it stands for. */
  public WritesBlockedException(String message, Throwable cause) {
    super(message, cause);
  }
}
