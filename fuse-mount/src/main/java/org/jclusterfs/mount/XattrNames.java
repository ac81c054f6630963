package org.jclusterfs.mount;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jclusterfs.mount.posix.Capabilities;

/** Which names of extended attributes a process is told. */
public final class XattrNames {
  private static final byte[] TRUSTED = "trusted.".getBytes(StandardCharsets.US_ASCII);

  private XattrNames() {}

  /**
   * The names without those of the namespace trusted, which is there only for those with
   * CAP_SYS_ADMIN: the kernel refuses the others such values, but lists what it is given.
   *
   * @param pid who asks, and waits for the answer
   */
  public static List<byte[]> visible(List<byte[]> names, int pid) {
    return names.stream().noneMatch(XattrNames::isTrusted)
            || Capabilities.has(pid, Capabilities.SYS_ADMIN)
        ? names
        : names.stream().filter(name -> !isTrusted(name)).toList();
  }

  private static boolean isTrusted(byte[] name) {
    return Arrays.mismatch(name, TRUSTED) == TRUSTED.length;
  }
}
