package org.jclusterfs.mount;

import java.lang.reflect.InvocationTargetException;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.jclusterfs.core.vfs.Vfs;

/** The volumes of fs-core. */
final class DefaultVolumes implements VfsFactory {
  @Override
  public Vfs mount(MountRequest request) throws MountException {
    try {
      return (Vfs)
          Class.forName("org.jclusterfs.core.vfs.Volumes")
              .getMethod("mount", MountRequest.class)
              .invoke(null, request);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof MountException refused) {
        throw refused;
      }
      throw new MountException("the mount failed: " + e.getCause(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new MountException("this build has no filesystem core: " + e, e);
    }
  }
}
