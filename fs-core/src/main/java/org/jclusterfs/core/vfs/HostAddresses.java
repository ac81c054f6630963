package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;
import java.util.stream.Collectors;

/** The addresses of this host, which the lock manager can listen at. */
final class HostAddresses {
  private HostAddresses() {}

  /**
   * Refuses an address that this host does not have, before anything is claimed with it.
   *
   * @param address as the user gave it
   */
  static void requireOwn(String address) throws MountException {
    try {
      InetAddress wanted = InetAddress.getByName(address);
      if (wanted.isAnyLocalAddress() || NetworkInterface.getByInetAddress(wanted) == null) {
        throw new MountException(
            "option address=" + address + ": this host has no such address; it has " + all());
      }
    } catch (IOException e) {
      throw new MountException("option address=" + address + ": " + e.getMessage(), e);
    }
  }

  /** Only a link's own addresses mean nothing without the name of the link. */
  private static String text(InetAddress address) {
    String text = address.getHostAddress();
    return address.isLinkLocalAddress() ? text : text.replaceFirst("%.*", "");
  }

  private static String all() throws IOException {
    List<InetAddress> found =
        NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses).toList();
    return found.stream().map(HostAddresses::text).sorted().collect(Collectors.joining(", "));
  }
}
