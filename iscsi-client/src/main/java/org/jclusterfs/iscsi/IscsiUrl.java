package org.jclusterfs.iscsi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code iscsi://[user@]host[:port][,host[:port]…]/iqn[,iqn…]/lun}. {@code %XX} is decoded in each
 * part after the split, so a comma or slash in a name can be written; IPv6 addresses stand in
 * brackets.
 *
 * @param user CHAP user that selects the line of the secrets file, or null
 * @param portals one or more, in the order in which they are tried
 * @param targets one or more target names; whoever opens the LUN decides whether it takes several
 * @param lun logical unit number, 0–16383
 */
public record IscsiUrl(String user, List<Portal> portals, List<String> targets, int lun) {

  private static final String SHAPE = "iscsi://[user@]host[:port][,host[:port]]/iqn[,iqn]/lun";

  /** Copies the lists. */
  public IscsiUrl {
    portals = List.copyOf(portals);
    targets = List.copyOf(targets);
  }

  /** Whether a DEVICE is meant for this initiator. */
  public static boolean isIscsi(String device) {
    return device.startsWith("iscsi://");
  }

  /**
   * Reads a URL.
   *
   * @throws IllegalArgumentException with a message that names the wrong part and the shape
   */
  public static IscsiUrl parse(String text) {
    if (!isIscsi(text)) {
      throw wrong(text, "it does not begin with iscsi://");
    }
    String[] parts = text.substring("iscsi://".length()).split("/", -1);
    if (parts.length != 3) {
      throw wrong(text, "it has " + parts.length + " parts between slashes instead of 3");
    }
    try {
      return new IscsiUrl(user(parts[0]), portals(parts[0]), targets(parts[1]), lun(parts[2]));
    } catch (IllegalArgumentException e) {
      throw wrong(text, e.getMessage());
    }
  }

  /**
   * Reads the URL of a portal alone, {@code iscsi://[user@]host[:port]} or the bare {@code
   * host[:port]}, as discovery takes it: no targets, LUN 0.
   *
   * @throws IllegalArgumentException with a message that names the wrong part
   */
  public static IscsiUrl parsePortal(String text) {
    String authority = isIscsi(text) ? text.substring("iscsi://".length()) : text;
    int slash = authority.indexOf('/');
    if (slash >= 0) {
      if (slash < authority.length() - 1) {
        throw new IllegalArgumentException(
            "'" + authority.substring(slash + 1) + "' follows the portal, which stands alone");
      }
      authority = authority.substring(0, slash);
    }
    return new IscsiUrl(user(authority), portals(authority), List.of(), 0);
  }

  private static String user(String authority) {
    int at = authority.lastIndexOf('@');
    if (at == 0) {
      throw new IllegalArgumentException("the user before '@' is empty");
    }
    if (at > 0 && authority.lastIndexOf(':', at) >= 0) {
      throw new IllegalArgumentException(
          "a secret does not belong into a URL, write it to the secrets file (a ':' in the user's"
              + " name is written %3A)");
    }
    return at < 0 ? null : decode(authority.substring(0, at));
  }

  private static List<Portal> portals(String authority) {
    List<Portal> portals = new ArrayList<>();
    for (String part : authority.substring(authority.lastIndexOf('@') + 1).split(",", -1)) {
      Portal portal = Portal.parse(decode(part));
      if (portals.contains(portal)) {
        throw new IllegalArgumentException(
            "portal " + portal + " is named twice, which makes no second path");
      }
      portals.add(portal);
    }
    return portals;
  }

  private static List<String> targets(String part) {
    List<String> targets = new ArrayList<>();
    for (String name : part.split(",", -1)) {
      String target = InitiatorName.check(decode(name));
      if (targets.contains(target)) {
        throw new IllegalArgumentException(
            "target " + target + " is named twice, which makes no second path");
      }
      targets.add(target);
    }
    return targets;
  }

  private static int lun(String part) {
    if (!part.matches("[0-9]{1,5}") || Integer.parseInt(part) > 16383) {
      throw new IllegalArgumentException("LUN '" + part + "' is not in 0–16383");
    }
    return Integer.parseInt(part);
  }

  private static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] raw = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < raw.length; i++) {
      if (raw[i] != '%') {
        bytes.write(raw[i]);
        continue;
      }
      int high = i + 2 < raw.length ? Character.digit(raw[i + 1], 16) : -1;
      int low = high >= 0 ? Character.digit(raw[i + 2], 16) : -1;
      if (low < 0) {
        throw new IllegalArgumentException(
            "'%' in '" + text + "' is not followed by two hexadecimal digits (write %25 for '%')");
      }
      bytes.write(high << 4 | low);
      i += 2;
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static IllegalArgumentException wrong(String text, String why) {
    return new IllegalArgumentException(text + ": " + why + "; expected " + SHAPE);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("iscsi://");
    if (user != null) {
      text.append(user).append('@');
    }
    for (int i = 0; i < portals.size(); i++) {
      text.append(i == 0 ? "" : ",").append(portals.get(i));
    }
    return text.append('/').append(String.join(",", targets)).append('/').append(lun).toString();
  }
}
