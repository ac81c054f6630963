package org.jclusterfs.core.device;

import java.io.IOException;

/**
 * A kernel block device: no node elsewhere can be fenced from it, so only one may use it. What this
 * host can see is held off by a lock on the device node.
 */
final class SingleNodeFencing implements Fencing {

  // One number for all slots: the first claimant has the device.
  private static final int WHOLE_DEVICE = 255;

  private final SharedFile file;
  private final String description;
  private int slot = -1;

  SingleNodeFencing(SharedFile file, String description) {
    this.file = file;
    this.description = description;
  }

  @Override
  public synchronized boolean register(int wanted, long key) throws IOException {
    if (slot >= 0 || !file.lock(WHOLE_DEVICE)) {
      return false;
    }
    slot = wanted;
    return true;
  }

  @Override
  public synchronized void unregister(int held, long key) throws IOException {
    if (slot == held) {
      slot = -1;
      file.unlock(WHOLE_DEVICE);
    }
  }

  /** Gives up what is still registered: the device is closed. */
  synchronized void unregisterAll() throws IOException {
    if (slot >= 0) {
      unregister(slot, 0);
    }
  }

  @Override
  public void fence(Victim victim) throws IOException {
    switch (ProcessIdentities.isAlive(victim.process())) {
      case DEAD:
        return;
      case ALIVE:
        throw new IOException(
            description
                + " is in use by pid "
                + victim.process().pid()
                + " of this host; a kernel block device serves one node only");
      default:
        if (ProcessIdentities.sameBoot(victim.process())) {
          throw new IOException(
              description
                  + " was in use by a process in another pid namespace of this host; make sure that"
                  + " it is gone, then run fsck.jclusterfs");
        }
        throw new IOException(
            description
                + " was in use by another host or an earlier boot, which cannot be fenced from a"
                + " kernel block device; make sure that nobody uses it, then run fsck.jclusterfs,"
                + " or give the LUN as iscsi://…");
    }
  }

  @Override
  public String describe() {
    return "none: a kernel block device serves one node only; use iscsi://… for a cluster";
  }

  @Override
  public boolean supportsCluster() {
    return false;
  }
}
