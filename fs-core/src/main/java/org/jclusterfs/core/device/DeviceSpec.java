package org.jclusterfs.core.device;

import java.nio.file.Path;
import java.util.Map;

/**
 * What a user says about a device.
 *
 * @param device {@code iscsi://[user@]host[:port][,host[:port]…]/iqn[,iqn…]/lun}, {@code file:PATH}
 *     or the path of a kernel block device
 * @param initiatorName IQN given on the command line, or null: from {@code initiatorFile}
 * @param initiatorFile file as open-iscsi keeps it ({@code InitiatorName=iqn…})
 * @param secretsFile root-only file with CHAP secrets
 * @param paths how the paths of an {@code iscsi://} device are used, by the options' names
 */
public record DeviceSpec(
    String device,
    String initiatorName,
    Path initiatorFile,
    Path secretsFile,
    Map<String, String> paths) {

  /** Copies the options. */
  public DeviceSpec {
    paths = Map.copyOf(paths);
  }

  /** A spec whose paths are used as by default. */
  public DeviceSpec(String device, String initiatorName, Path initiatorFile, Path secretsFile) {
    this(device, initiatorName, initiatorFile, secretsFile, Map.of());
  }

  /** Default place of the initiator's name. */
  public static final Path INITIATOR_FILE = Path.of("/etc/iscsi/initiatorname.iscsi");

  /** Default place of CHAP secrets. */
  public static final Path SECRETS_FILE = Path.of("/etc/jclusterfs/chap-secrets");

  /** A spec with the default files. */
  public static DeviceSpec of(String device) {
    return new DeviceSpec(device, null, INITIATOR_FILE, SECRETS_FILE);
  }
}
