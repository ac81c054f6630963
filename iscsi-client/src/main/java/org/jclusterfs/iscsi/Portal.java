package org.jclusterfs.iscsi;

/**
 * Address of a network portal.
 *
 * @param host name or numeric address, IPv6 without brackets
 * @param port TCP port, 1–65535
 */
public record Portal(String host, int port) {

  /** The port that IANA assigned to iSCSI. */
  public static final int DEFAULT_PORT = 3260;

  /** Checks the range of the port. */
  public Portal {
    if (host.isEmpty()) {
      throw new IllegalArgumentException("the host is missing");
    }
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port " + port + " is not in 1–65535");
    }
  }

  /**
   * Reads {@code host}, {@code host:port}, {@code [v6]} or {@code [v6]:port}, as in a URL and in
   * TargetAddress (whose {@code ,tag} the caller has cut off).
   *
   * @throws IllegalArgumentException where it is none of these
   */
  public static Portal parse(String text) {
    String host;
    String rest;
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      if (end < 0) {
        throw new IllegalArgumentException("'" + text + "' has no closing ']'");
      }
      host = text.substring(1, end);
      rest = text.substring(end + 1);
    } else {
      int colon = text.indexOf(':');
      if (colon != text.lastIndexOf(':')) {
        throw new IllegalArgumentException("write the IPv6 address in brackets: [" + text + "]");
      }
      host = colon < 0 ? text : text.substring(0, colon);
      rest = colon < 0 ? "" : text.substring(colon);
    }
    if (rest.isEmpty()) {
      return new Portal(host, DEFAULT_PORT);
    }
    if (!rest.matches(":[0-9]{1,5}")) {
      throw new IllegalArgumentException("'" + rest + "' after '" + host + "' is not a port");
    }
    return new Portal(host, Integer.parseInt(rest.substring(1)));
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
