package org.jclusterfs.mount;

import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.vfs.Volumes;

/** The volumes of fs-core. */
final class DefaultVolumes implements VfsFactory {
  @Override
  public Vfs mount(MountRequest request) throws MountException {
    return Volumes.mount(request);
  }
}
