package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.journal.JournalOptions;

/** Mounts volumes: the one way from a DEVICE to a {@link Vfs}. */
public final class Volumes {
  private Volumes() {}

  /**
   * Opens the device, joins the cluster and brings the filesystem up.
   *
   * @throws MountException in words for the user; nothing is left behind then
   */
  public static Vfs mount(MountRequest request) throws MountException {
    if (request.clustered() && request.address() != null) {
      HostAddresses.requireOwn(request.address());
    }
    BlockDevice device;
    try {
      device = Devices.open(request.device());
    } catch (IOException e) {
      throw new MountException(e.getMessage(), e);
    }
    try {
      return mount(device, request);
    } catch (MountException | RuntimeException e) {
      device.close();
      throw e;
    }
  }

  /**
   * As {@link #mount(MountRequest)} over a device that is open already; it is closed at the end.
   */
  public static Vfs mount(BlockDevice device, MountRequest request) throws MountException {
    return mount(device, request, JournalOptions.defaults(), Clock.systemUTC());
  }

  /**
   * With other options for the journal than every mount has, but for the inspector, and with
   * another clock for the times of inodes.
   */
  static Vfs mount(BlockDevice device, MountRequest request, JournalOptions options, Clock clock)
      throws MountException {
    try {
      ByteBuffer superblock = Superblocks.readPrimary(device);
      return new MountAssembly(device, superblock, request, options, clock).assemble();
    } catch (IOException e) {
      throw new MountException(e.getMessage(), e);
    }
  }
}
