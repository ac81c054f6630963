package org.jclusterfs.core.device;

import java.io.IOException;
import java.nio.file.Path;

/** Opens what a user names as DEVICE. */
public final class Devices {

  private Devices() {}

  /**
   * Opens a device for reading and writing.
   *
   * @throws IOException whose message says what is wrong with the device and what to do
   */
  public static BlockDevice open(DeviceSpec spec) throws IOException {
    String device = spec.device();
    if (device.startsWith("iscsi://")) {
      return IscsiBlockDevice.open(spec);
    }
    if (!spec.paths().isEmpty()) {
      throw new IOException(
          device + ": " + spec.paths().keySet().iterator().next() + " is for iscsi:// devices");
    }
    if (device.startsWith("file:")) {
      String path = device.substring("file:".length());
      if (path.isEmpty()) {
        throw new IOException("file: needs a path, as in file:/srv/volume.img");
      }
      return FileBlockDevice.openFile(device, Path.of(path));
    }
    if (!device.startsWith("/")) {
      throw new IOException(
          device
              + ": not a device; give iscsi://HOST[:PORT]/IQN/LUN, file:PATH or the absolute path of"
              + " a block device");
    }
    return FileBlockDevice.openKernelDevice(device, Path.of(device));
  }
}
