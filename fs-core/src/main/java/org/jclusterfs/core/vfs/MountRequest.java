package org.jclusterfs.core.vfs;

import org.jclusterfs.core.device.DeviceSpec;

/**
 * What a mount asks of the filesystem.
 *
 * @param device where the volume is
 * @param readOnly no write at all reaches the volume, but for slot and heartbeat
 * @param slot slot wanted, or -1 for any free one
 * @param clustered false for cluster=none: the only node, no lock manager
 * @param thresholdMillis heartbeat threshold, 3000 or more; 0 for the volume's own
 * @param commitMillis longest time that a change stays uncommitted
 * @param cacheBytes bound on cached file data
 * @param address address to publish for the lock manager, or null: as the device's connections have
 *     it
 * @param port TCP port for the lock manager, 0 for any
 */
public record MountRequest(
    DeviceSpec device,
    boolean readOnly,
    int slot,
    boolean clustered,
    int thresholdMillis,
    int commitMillis,
    long cacheBytes,
    String address,
    int port) {

  /** A request with every default. */
  public static MountRequest of(DeviceSpec device) {
    return new MountRequest(device, false, -1, true, 0, 5000, 256L << 20, null, 0);
  }
}
