package org.jclusterfs.iscsi.multipath;

import java.util.function.Function;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.Lun;

/** Opens a LUN by as many paths as its URL names. */
public final class Multipath {

  private Multipath() {}

  /**
   * Opens one path as a plain {@link Lun}, which costs nothing, and several as a {@link
   * MultipathLun}.
   *
   * @param session options of the session with a target of that name
   * @throws IscsiException where no path works
   */
  public static Disk open(
      Function<String, InitiatorOptions> session, IscsiUrl url, MultipathOptions options)
      throws IscsiException {
    boolean several = url.portals().size() * url.targets().size() > 1;
    if (several || options.noPathRetry() != 0) {
      return MultipathLun.open(session, url, options);
    }
    InitiatorOptions one = session.apply(url.targets().get(0));
    return Lun.open(
        one.withTimeouts(
            one.loginTimeout(),
            one.commandTimeout(),
            options.replacementTimeout(),
            one.pingInterval()),
        url);
  }
}
