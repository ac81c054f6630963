package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jclusterfs.core.cluster.SlotInfo.Claimant;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.device.ProcessIdentity;

/**
 * How a node joins.
 *
 * @param slot slot wanted, or −1 for any free one
 * @param address address to publish and listen on, or null: those of the device's connections, and
 *     listen on all
 * @param port TCP port for the lock manager, 0 for any
 * @param process identity to publish, or null: this process
 * @param joinTimeoutMillis how long to wait for admission beyond the volume's threshold
 */
public record JoinOptions(
    int slot, String address, int port, ProcessIdentity process, int joinTimeoutMillis) {

  /** Any slot, any port, the device's addresses. */
  public static final JoinOptions DEFAULTS = new JoinOptions(-1, null, 0, null, 60_000);

  Claimant claimant(List<String> addresses, int listeningPort) throws IOException {
    return new Claimant(
        process != null ? process : ProcessIdentities.current(),
        hostName(),
        addresses,
        listeningPort);
  }

  private static String hostName() {
    String name;
    try {
      name = Files.readString(Path.of("/proc/sys/kernel/hostname")).trim();
    } catch (IOException e) {
      try {
        name = InetAddress.getLocalHost().getHostName();
      } catch (UnknownHostException unknown) {
        name = "unknown";
      }
    }
    return name.length() > 63 ? name.substring(0, 63) : name;
  }
}
