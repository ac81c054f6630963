package org.jclusterfs.iscsi.session;

import org.jclusterfs.iscsi.IscsiException;

/** Told once how a command ended; runs on the session's event loop and must not block. */
public interface Completion {

  /** The target answered, whatever the status. */
  void completed(ScsiResponse response);

  /** The target's answer was not had. */
  void failed(IscsiException cause);
}
