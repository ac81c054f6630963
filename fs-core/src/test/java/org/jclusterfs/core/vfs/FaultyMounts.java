package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.time.Clock;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.Faults;
import org.jclusterfs.journal.JournalOptions;

/** Mounts with faults planted in the journal and in replay, for the tests of every module. */
public final class FaultyMounts {
  private FaultyMounts() {}

  /** As {@link Volumes#mount(BlockDevice, MountRequest)}, leaving the given things out. */
  public static Vfs mount(BlockDevice device, MountRequest request, Fault... faults)
      throws MountException {
    return mount(device, request, Clock.systemUTC(), faults);
  }

  /**
   * Lets a mount come to rest: everything is in place, and what is unlinked and not open is freed.
   */
  public static void comeToRest(Vfs mount) throws IOException {
    ((FileSystem) mount).comeToRest();
  }

  /** With a clock of the test's for the times of inodes. */
  public static Vfs mount(BlockDevice device, MountRequest request, Clock clock, Fault... faults)
      throws MountException {
    return Volumes.mount(device, request, Faults.plant(JournalOptions.defaults(), faults), clock);
  }
}
