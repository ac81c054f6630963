package org.jclusterfs.iscsi.scsi;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.session.Discovery;

/** A private istgt (FreeBSD's old target; Debian package istgt) on loopback: three disks. */
final class IstgtTarget implements ContractTarget {
  private static final String BASE = "iqn.2026-01.com.example";

  private final Process process;
  private final int port;
  private final int port6;

  private IstgtTarget(Process process, int port, int port6) {
    this.process = process;
    this.port = port;
    this.port6 = port6;
  }

  static IstgtTarget start(Path directory) throws Exception {
    int port = TgtdTarget.freePort();
    int port6 = TgtdTarget.freePort();
    Files.writeString(
        directory.resolve("auth.conf"),
        "[AuthGroup1]\n  Auth \"user\" \"secretsecret1\" \"disk\" \"targetsecret1\"\n");
    Path settings = directory.resolve("istgt.conf");
    StringBuilder text = new StringBuilder(settings(directory, port, port6));
    text.append(unit(1, "disk", "None", "None", directory));
    text.append(unit(2, "chap", "CHAP", "AuthGroup1", directory));
    text.append(unit(3, "mutual", "CHAP Mutual", "AuthGroup1", directory));
    Files.writeString(settings, text);
    Path log = directory.resolve("istgt.log");
    Process process =
        new ProcessBuilder("istgt", "-c", settings.toString(), "-D")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    IstgtTarget target = new IstgtTarget(process, port, port6);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        Discovery.sendTargets(TargetContract.options(), List.of(target.portal()));
        return target;
      } catch (IscsiException e) {
        if (System.nanoTime() > end || !process.isAlive()) {
          process.destroyForcibly();
          throw new IOException("istgt does not start: " + Files.readString(log), e);
        }
        Thread.sleep(100);
      }
    }
  }

  private static String settings(Path directory, int port, int port6) throws IOException {
    return String.join(
        "\n",
        "[Global]",
        "  NodeBase \"" + BASE + "\"",
        "  PidFile " + directory.resolve("istgt.pid"),
        "  AuthFile " + directory.resolve("auth.conf"),
        "  MediaDirectory " + directory,
        "  LogFacility \"local7\"",
        "  Timeout 30",
        "  NopInInterval 20",
        "  DiscoveryAuthMethod None",
        "  MaxSessions 32",
        "  MaxConnections 4",
        "  MaxR2T 32",
        "  MaxOutstandingR2T 16",
        "  DefaultTime2Wait 2",
        "  DefaultTime2Retain 60",
        "  FirstBurstLength 262144",
        "  MaxBurstLength 1048576",
        "  MaxRecvDataSegmentLength 262144",
        "  InitialR2T Yes",
        "  ImmediateData Yes",
        "  DataPDUInOrder Yes",
        "  DataSequenceInOrder Yes",
        "  ErrorRecoveryLevel 0",
        "[UnitControl]",
        "  AuthMethod None",
        "  Portal UC1 127.0.0.1:" + TgtdTarget.freePort(),
        "  Netmask 127.0.0.0/8",
        "[PortalGroup1]",
        "  Portal DA1 127.0.0.1:" + port,
        "  Portal DA2 [::1]:" + port6,
        "[InitiatorGroup1]",
        "  InitiatorName \"ALL\"",
        "  Netmask 127.0.0.0/8",
        "  Netmask [::1]",
        "");
  }

  private static String unit(int number, String name, String method, String group, Path directory)
      throws IOException {
    Path image = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(64L << 20);
    }
    return String.join(
        "\n",
        "[LogicalUnit" + number + "]",
        "  TargetName " + name,
        "  Mapping PortalGroup1 InitiatorGroup1",
        "  AuthMethod " + method,
        "  AuthGroup " + group,
        "  UseDigest Auto",
        "  UnitType Disk",
        "  UnitInquiry \"ISTGT\" \"DISK\" \"0\" \"contract000" + number + "\"",
        "  QueueDepth 64",
        "  LUN0 Storage " + image + " Auto",
        "");
  }

  @Override
  public IscsiUrl url() {
    return unit("disk");
  }

  @Override
  public IscsiUrl chapUrl(boolean mutual) {
    return unit(mutual ? "mutual" : "chap");
  }

  private IscsiUrl unit(String name) {
    return new IscsiUrl(
        null, List.of(new Portal("127.0.0.1", port)), List.of(BASE + ":" + name), 0);
  }

  @Override
  public Portal ipv6() {
    return new Portal("::1", port6);
  }

  @Override
  public void close() throws Exception {
    process.destroyForcibly().waitFor();
  }
}
