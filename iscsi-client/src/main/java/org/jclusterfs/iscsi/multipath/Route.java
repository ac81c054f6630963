package org.jclusterfs.iscsi.multipath;

import java.util.concurrent.CompletableFuture;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Disk;

/** A path as the {@link Dispatcher} sees it. */
interface Route extends PathLoad {

  /** The disk by this path alone. */
  Disk disk();

  /** A request begins that moves so many bytes. */
  void begin(long bytes);

  /** It has ended, be it in failure. */
  void end(long bytes);

  /** A request failed because of this path and not of what it asked for. */
  void failed(IscsiException cause);

  /**
   * Completes when nothing can land any more of what was sent before the path's last loss; complete
   * where there was none.
   */
  CompletableFuture<Void> settled();
}
