package org.jclusterfs.iscsi.tool;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.ChapSecrets;
import org.jclusterfs.iscsi.InitiatorName;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.scsi.Lun;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code iscsi} command. Exit status: 0 done, 1 refused or failed, 2 wrong usage. */
@Command(
    name = "iscsi",
    description = "Looks at iSCSI targets with the initiator that jclusterfs mounts by.",
    mixinStandardHelpOptions = true,
    version = "iscsi (jclusterfs) 0.1.0",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DiscoverCommand.class,
      LoginCommand.class,
      InquiryCommand.class,
      CapacityCommand.class,
      KeysCommand.class,
      SpeedCommand.class
    })
public final class IscsiTool implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--initiator",
      paramLabel = "IQN",
      scope = ScopeType.INHERIT,
      description = "the initiator's name; by default the one in the initiator file")
  private String initiator;

  @Option(
      names = "--initiator-file",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "/etc/iscsi/initiatorname.iscsi",
      description = "file with a line InitiatorName=IQN (default: ${DEFAULT-VALUE})")
  private Path initiatorFile;

  @Option(
      names = "--secrets",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "/etc/jclusterfs/chap-secrets",
      description =
          "root-only file of CHAP secrets: TARGET USER SECRET [MUTUAL-USER MUTUAL-SECRET] per"
              + " line (default: ${DEFAULT-VALUE})")
  private Path secretsFile;

  private IscsiTool() {}

  /** Runs the command and ends the process with its exit status. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    return new CommandLine(new IscsiTool())
        .setExecutionExceptionHandler(
            (e, line, result) -> {
              if (e instanceof IOException || e instanceof IllegalArgumentException) {
                line.getErr().println("iscsi: " + e.getMessage());
                line.getErr().flush();
                return 1;
              }
              throw e;
            })
        .execute(arguments);
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(System.err);
    return 2;
  }

  /** Options for a target, or for discovery where it is null. */
  InitiatorOptions options(String target, String user) throws IscsiException {
    String name = initiator != null ? InitiatorName.check(initiator) : null;
    return InitiatorOptions.of(name != null ? name : InitiatorName.read(initiatorFile))
        .withChap(ChapSecrets.read(secretsFile).find(target, user));
  }

  Lun open(String device) throws IscsiException {
    IscsiUrl url = IscsiUrl.parse(device);
    return Lun.open(options(url.targets().get(0), url.user()), url);
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
