package org.jclusterfs.core.device;

import java.io.IOException;

/** A LUN behind the project's own iSCSI initiator. */
public final class IscsiBlockDevice {

  private IscsiBlockDevice() {}

  /**
   * Logs in and opens the LUN that an {@code iscsi://} device names.
   *
   * @throws IOException in words: what was refused, by whom, and what to check
   */
  public static BlockDevice open(DeviceSpec spec) throws IOException {
    throw new IOException(spec.device() + ": this build has no iSCSI initiator yet");
  }
}
