package org.jclusterfs.mount;

import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.jclusterfs.core.vfs.Vfs;

/** Mounts a volume as a {@link Vfs}. */
@FunctionalInterface
public interface VfsFactory {
  /** Joins the cluster and mounts; the message of a failure is for the user. */
  Vfs mount(MountRequest request) throws MountException;
}
