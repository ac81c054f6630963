package org.jclusterfs.dlm;

/**
 * Names a lockable resource.
 *
 * @param type lock type, 0–255; the lock manager gives it no meaning
 * @param region unsigned 32-bit number of the region whose master serves this resource
 * @param id number within type, unique together with it
 */
public record LockName(int type, int region, long id) {
  @Override
  public String toString() {
    return type + "/" + Integer.toUnsignedString(region) + "/" + Long.toHexString(id);
  }
}
