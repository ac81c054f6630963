package org.jclusterfs.mount;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.vfs.AccessPolicy;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;

/**
 * The options of {@code -o}, as mount(8) passes them: what it adds itself is known, what nobody
 * knows is refused by name.
 */
final class MountOptions {
  private static final long MS_RDONLY = 1;
  private static final long MS_NOATIME = 1024;
  private static final long MS_NODIRATIME = 2048;
  private static final long MS_RELATIME = 1L << 21;
  private static final long MS_STRICTATIME = 1L << 24;
  private static final long MS_LAZYTIME = 1L << 25;

  /** One of them is always set: without any the kernel would take relatime. */
  private static final long ACCESS = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

  private static final Map<String, Long> SET =
      Map.ofEntries(
          Map.entry("ro", MS_RDONLY),
          Map.entry("nosuid", 2L),
          Map.entry("nodev", 4L),
          Map.entry("noexec", 8L),
          Map.entry("sync", 16L),
          Map.entry("dirsync", 128L),
          Map.entry("noatime", MS_NOATIME),
          Map.entry("nodiratime", MS_NODIRATIME),
          Map.entry("relatime", MS_RELATIME),
          Map.entry("strictatime", MS_STRICTATIME),
          Map.entry("lazytime", MS_LAZYTIME));
  private static final Map<String, Long> CLEAR =
      Map.of(
          "rw",
          1L,
          "suid",
          2L,
          "dev",
          4L,
          "exec",
          8L,
          "async",
          16L,
          "atime",
          MS_NOATIME,
          "diratime",
          MS_NODIRATIME,
          "norelatime",
          MS_RELATIME,
          "nostrictatime",
          MS_STRICTATIME,
          "nolazytime",
          MS_LAZYTIME);

  // For mount(8) and systemd, which pass them on.
  private static final Set<String> PASSED_ON =
      Set.of("_netdev", "nofail", "defaults", "auto", "noauto", "user", "nouser", "users");

  private long flags = MS_NOATIME;
  private boolean accessGiven;
  private boolean atime;
  private boolean foreground;
  private boolean debug;
  private boolean acls = true;
  private boolean aclsAsked;
  private boolean libFuse;
  private boolean remount;
  private boolean spectator;
  private final Map<String, String> given = new TreeMap<>();

  /** What the kernel shows of a FUSE mount; mount(8) gives it back with remount. */
  private static final Set<String> SHOWN =
      Set.of("user_id", "group_id", "default_permissions", "allow_other", "max_read");

  private boolean clustered = true;
  private int slot = -1;
  private int thresholdMillis;
  private int commitMillis = 5000;
  private long cacheBytes = 256L << 20;
  private String address;
  private int port;
  private String initiator;
  private Path initiatorFile = DeviceSpec.INITIATOR_FILE;
  private Path secrets = DeviceSpec.SECRETS_FILE;
  private long validMillis = 5000;
  private final Map<String, String> paths = new TreeMap<>();

  static MountOptions parse(String list) throws MountException {
    MountOptions options = new MountOptions();
    for (String option : list.split(",")) {
      int equals = option.indexOf('=');
      if (options.isShown(option, list)) {
        continue;
      }
      if (option.isEmpty() || option.startsWith("x-") || option.startsWith("X-")) {
        continue;
      }
      options.remember(option);
      if (equals < 0) {
        options.word(option);
      } else {
        options.value(option.substring(0, equals), option.substring(equals + 1));
      }
    }
    if (options.libFuse && options.acls && options.aclsAsked) {
      throw new MountException("option acl: binding=libfuse knows no access control lists");
    }
    options.completeAccess();
    if (options.spectator) {
      options.flags |= MS_RDONLY;
    }
    return options;
  }

  private boolean isShown(String option, String list) {
    return ("," + list + ",").contains(",remount,") && SHOWN.contains(option.split("=", 2)[0]);
  }

  private void remember(String option) {
    boolean ofKernel = SET.containsKey(option) || CLEAR.containsKey(option);
    if (!ofKernel && !PASSED_ON.contains(option) && !option.equals("remount")) {
      String[] parts = option.split("=", 2);
      given.put(parts[0], parts.length == 1 ? "" : parts[1]);
    }
  }

  /** Whether a mount is to be changed that is there. */
  boolean remount() {
    return remount;
  }

  /**
   * Checks that a remount by these options changes nothing that it cannot change.
   *
   * @param now the options that it was mounted with
   */
  void requireRemountable(MountOptions now) throws MountException {
    if (now.spectator && (flags & MS_RDONLY) == 0) {
      throw new MountException("a spectator cannot be remounted for writing");
    }
    for (Map.Entry<String, String> option : given.entrySet()) {
      if (!option.getValue().equals(now.given.get(option.getKey()))) {
        throw new MountException(
            "option "
                + option.getKey()
                + " cannot be changed by a remount: umount and mount again");
      }
    }
  }

  private void word(String option) throws MountException {
    if (SET.containsKey(option)) {
      if ((SET.get(option) & ACCESS) != 0) {
        flags &= ~ACCESS; // the last one counts
        accessGiven = true;
      }
      flags |= SET.get(option);
    } else if (CLEAR.containsKey(option)) {
      flags &= ~CLEAR.get(option);
      atime |= option.equals("atime");
    } else {
      switch (option) {
        case "queue_if_no_path" -> paths.put("no_path_retry", "queue");
        case "foreground" -> foreground = true;
        case "debug" -> debug = true;
        case "acl" -> {
          acls = true;
          aclsAsked = true;
        }
        case "noacl" -> acls = false;
        case "remount" -> remount = true;
        case "spectator" -> spectator = true;
        default -> {
          if (!PASSED_ON.contains(option)) {
            throw unknown(option);
          }
        }
      }
    }
  }

  private void completeAccess() {
    if ((flags & ACCESS) != 0 && (accessGiven || (flags & MS_LAZYTIME) == 0)) {
      return;
    }
    // By "atime", by "lazytime" alone, which asks for times that can be kept back; or it was taken
    // back by "norelatime" or "nostrictatime".
    boolean wanted = atime || (flags & MS_LAZYTIME) != 0;
    flags = flags & ~ACCESS | (wanted ? MS_RELATIME : MS_NOATIME);
  }

  /**
   * As mount(2) does at a remount: where no word is about access times, they are as they were. All
   * other words are complete, since mount(8) leaves out what is taken back ({@code exec}, {@code
   * nolazytime}) and adds what is to stay.
   */
  void keepAccess(MountOptions present) {
    if (!accessGiven && !atime) {
      flags = flags & ~ACCESS | present.flags & (ACCESS | MS_NODIRATIME);
    }
  }

  /** When reading changes access times. */
  AccessPolicy accessPolicy() {
    AccessPolicy.Update update =
        (flags & MS_STRICTATIME) != 0
            ? AccessPolicy.Update.ALWAYS
            : (flags & MS_RELATIME) != 0 ? AccessPolicy.Update.RELATIVE : AccessPolicy.Update.NEVER;
    return new AccessPolicy(update, (flags & MS_NODIRATIME) == 0, (flags & MS_LAZYTIME) != 0);
  }

  private void value(String name, String value) throws MountException {
    if (value.isEmpty() && WITH_VALUE.contains(" " + name + " ")) {
      throw unknown(name);
    }
    switch (name) {
      case "initiator" -> initiator = value;
      case "initiatorfile" -> initiatorFile = Path.of(value);
      case "secrets" -> secrets = Path.of(value);
      case "slot" -> slot = number(name, value, 0, 254);
      case "commit" -> commitMillis = 1000 * number(name, value, 1, 300);
      case "threshold" -> thresholdMillis = 1000 * number(name, value, 3, 600);
      case "cache" -> cacheBytes = size(name, value);
      case "address" -> address = address(value);
      case "port" -> port = number(name, value, 0, 65535);
      case "attr_timeout" -> validMillis = 1000L * number(name, value, 0, 60);
      case "path_selector", "no_path_retry", "replacement_timeout", "polling_interval" ->
          paths.put(name, value);
      case "log" -> {
        // Opened by the launcher.
      }
      case "errors" -> {
        if (!value.equals("withdraw")) {
          throw new MountException(
              "errors="
                  + value
                  + ": only errors=withdraw can be given; this node stops and answers EIO,"
                  + " and its host goes on");
        }
      }
      case "binding" -> libFuse = binding(value);
      case "cluster" -> {
        if (!value.equals("none")) {
          throw new MountException("cluster=" + value + ": only cluster=none can be given");
        }
        clustered = false;
      }
      default -> throw unknown(name);
    }
  }

  private static final String WITH_VALUE =
      " binding errors initiator initiatorfile secrets slot commit threshold cache address port attr_timeout log"
          + " cluster path_selector no_path_retry replacement_timeout polling_interval ";

  /** An address as digits: what needs a name server may differ, or be gone, on the other nodes. */
  private static String address(String value) throws MountException {
    boolean digits = value.matches("[0-9]+(\\.[0-9]+){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%.+)?");
    try {
      if (digits && InetAddress.getByName(value) != null) {
        return value;
      }
    } catch (UnknownHostException e) {
      // Told below.
    }
    throw new MountException(
        "option address=" + value + ": an address such as 192.0.2.7 or 2001:db8::7 is wanted");
  }

  private static boolean binding(String value) throws MountException {
    return switch (value) {
      case "kernel" -> false;
      case "libfuse" -> true;
      default -> throw new MountException("binding=" + value + ": kernel or libfuse can be given");
    };
  }

  private static MountException unknown(String option) {
    if (WITH_VALUE.contains(" " + option + " ")) {
      return new MountException("option " + option + " wants a value: " + option + "=…");
    }
    if (SET.containsKey(option) || CLEAR.containsKey(option)) {
      return new MountException("option " + option + " takes no value");
    }
    return new MountException(
        "unknown option \"" + option + "\"; mount.jclusterfs --help lists what there is");
  }

  private static int number(String name, String value, int least, int most) throws MountException {
    try {
      int n = Integer.parseInt(value);
      if (n >= least && n <= most) {
        return n;
      }
    } catch (NumberFormatException ignored) {
      // Told below.
    }
    throw new MountException(
        "option " + name + "=" + value + ": a number from " + least + " to " + most + " is wanted");
  }

  private static long size(String name, String value) throws MountException {
    String digits = value.replaceFirst("[kKmMgG]$", "");
    int shift =
        digits.length() == value.length()
            ? 0
            : switch (value.charAt(value.length() - 1)) {
              case 'k', 'K' -> 10;
              case 'm', 'M' -> 20;
              default -> 30;
            };
    try {
      long bytes = Long.parseLong(digits) << shift;
      if (bytes >= 1 << 20 && bytes <= 1L << 40) {
        return bytes;
      }
    } catch (NumberFormatException ignored) {
      // Told below.
    }
    throw new MountException("option " + name + "=" + value + ": a size such as 256M is wanted");
  }

  MountRequest request(String source) throws MountException {
    return new MountRequest(
        new DeviceSpec(source, initiator, initiatorFile, secrets, paths),
        (flags & MS_RDONLY) != 0,
        slot,
        clustered,
        thresholdMillis,
        commitMillis,
        cacheBytes,
        address,
        port);
  }

  long mountFlags() {
    return flags;
  }

  /**
   * How long the kernel may keep attributes: a stopped daemon's kernel goes on serving them, which
   * may last no longer than until the node stops by itself.
   */
  long validMillis(int volumeThresholdMillis) {
    return Math.min(validMillis, volumeThresholdMillis * 2L / 3);
  }

  /** Whether the host's log daemon is asked for by name. */
  boolean syslog() {
    return "syslog".equals(given.get("log"));
  }

  boolean debug() {
    return debug;
  }

  /** Whether libfuse is to serve, and not the kernel's device itself. */
  boolean libFuse() {
    return libFuse;
  }

  boolean acls() {
    return acls && !libFuse;
  }

  boolean foreground() {
    return foreground;
  }

  /**
   * Seconds without a beat after which the guardian takes the daemon for dead (5 more pass before
   * it acts): the other nodes have taken it for dead before.
   */
  static int guardianSeconds(int volumeThresholdMillis) {
    return volumeThresholdMillis / 1000 + 5;
  }
}
