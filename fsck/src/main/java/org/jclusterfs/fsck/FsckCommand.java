package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command line of fsck.jclusterfs. */
@Command(
    name = "fsck.jclusterfs",
    versionProvider = FsckVersion.class,
    sortOptions = false,
    exitCodeOnInvalidInput = FsckCommand.USAGE_ERROR,
    exitCodeOnExecutionException = Fsck.OPERATIONAL_ERROR,
    description = "Checks a jclusterfs volume that no node has mounted, and repairs it.",
    footer = {
      "",
      "DEVICE is iscsi://[USER@]HOST[:PORT][,HOST…]/IQN/LUN, file:PATH or the path of a block device.",
      "Exit status: 0 clean, 1 problems were corrected, 4 problems were left, 8 operational error,",
      "16 usage error, 32 cancelled. Without -n, -p or -y each repair is asked for."
    })
final class FsckCommand implements Callable<Integer> {
  static final int USAGE_ERROR = 16;
  static final int CANCELLED = 32;

  /** Opens the device. */
  interface Opener {
    BlockDevice open(DeviceSpec spec) throws IOException;
  }

  private final PrintStream out;
  private final PrintStream err;
  private final Predicate<String> asker;
  private final Opener opener;

  @Spec private CommandSpec spec;

  @Option(names = "-n", description = "Write nothing; answer every question with no.")
  private boolean no;

  @Option(
      names = {"-p", "-a"},
      description = "Repair what is safe; anything else ends the run with status 4.")
  private boolean preen;

  @Option(names = "-y", description = "Repair everything without asking.")
  private boolean yes;

  @Option(names = "-f", description = "With -p: check a volume that seems clean, too.")
  private boolean force;

  @Option(names = "-v", description = "Tell how often each problem was found.")
  private boolean verbose;

  @Option(
      names = "-b",
      paramLabel = "N",
      description = "Use backup superblock number N (1 is the first one).")
  private int backup;

  @Option(
      names = "--initiator",
      paramLabel = "IQN",
      description = "iSCSI initiator name; default from the initiator file.")
  private String initiator;

  @Option(
      names = "--initiator-file",
      paramLabel = "FILE",
      description = "Where InitiatorName= stands; default /etc/iscsi/initiatorname.iscsi.")
  private Path initiatorFile = DeviceSpec.INITIATOR_FILE;

  @Option(
      names = "--secrets",
      paramLabel = "FILE",
      description = "CHAP secrets; default /etc/jclusterfs/chap-secrets.")
  private Path secrets = DeviceSpec.SECRETS_FILE;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this and exit.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and exit.")
  private boolean version;

  @Parameters(paramLabel = "DEVICE", description = "The shared device.")
  private String deviceName;

  FsckCommand(PrintStream out, PrintStream err, Predicate<String> asker, Opener opener) {
    this.out = out;
    this.err = err;
    this.asker = asker;
    this.opener = opener;
  }

  @Override
  public Integer call() {
    Mode mode = mode();
    if (mode == Mode.ASK && asker == null) {
      error("nobody is there to answer questions: use -n, -p or -y");
      return Fsck.OPERATIONAL_ERROR;
    }
    Report report = new Report(out, mode, asker);
    DeviceSpec device = new DeviceSpec(deviceName, initiator, initiatorFile, secrets);
    Thread cancelled = new Thread(() -> Runtime.getRuntime().halt(CANCELLED), "cancelled");
    Runtime.getRuntime().addShutdownHook(cancelled);
    try (BlockDevice opened = opener.open(device)) {
      return new Fsck(opened, report, force, verbose, backup).run();
    } catch (ManualRunNeededException e) {
      error(
          deviceName
              + ": unexpected inconsistency "
              + e.getMessage()
              + "; run fsck.jclusterfs by hand, without -p");
      return Fsck.LEFT;
    } catch (UncheckedIOException e) {
      error(e.getMessage() + ": " + e.getCause().getMessage());
      return Fsck.OPERATIONAL_ERROR;
    } catch (IOException | IllegalArgumentException e) {
      error(e.getMessage() == null ? e.toString() : e.getMessage());
      return Fsck.OPERATIONAL_ERROR;
    } catch (OutOfMemoryError e) {
      error(
          deviceName
              + ": the check needs more memory than the "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MiB of this run; what was repaired stays repaired. Run it again with"
              + " JCLUSTERFS_JAVA_OPTS=-Xmx and a size, or on a machine with more memory");
      return Fsck.OPERATIONAL_ERROR;
    } finally {
      Runtime.getRuntime().removeShutdownHook(cancelled);
    }
  }

  private Mode mode() {
    if ((no ? 1 : 0) + (preen ? 1 : 0) + (yes ? 1 : 0) > 1) {
      throw new ParameterException(spec.commandLine(), "only one of -n, -p (-a) and -y is allowed");
    }
    if (backup < 0) {
      throw new ParameterException(spec.commandLine(), "-b takes the number of a backup from 1 on");
    }
    if (no) {
      return Mode.NO;
    }
    if (preen) {
      return Mode.PREEN;
    }
    return yes ? Mode.YES : Mode.ASK;
  }

  private void error(String message) {
    err.println("fsck.jclusterfs: " + message);
  }
}
