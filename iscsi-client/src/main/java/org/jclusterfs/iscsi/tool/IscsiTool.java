package org.jclusterfs.iscsi.tool;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jclusterfs.iscsi.ChapSecrets;
import org.jclusterfs.iscsi.InitiatorName;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.multipath.Multipath;
import org.jclusterfs.iscsi.multipath.MultipathOptions;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.session.IscsiSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * The {@code iscsi} command: what its subcommands share. Exit status: 0 done, 1 refused or failed
 * (one line on standard error says why), 2 wrong usage.
 */
@Command(
    name = "iscsi",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    version = "iscsi (jclusterfs) 0.1.0",
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {
      "0:done",
      "1:refused or failed; one line on standard error says why",
      "2:wrong usage"
    })
public final class IscsiTool implements Callable<Integer> {

  /** Shape of the argument DEVICE. */
  static final String DEVICE = "iscsi://[USER@]HOST[:PORT][,HOST[:PORT]]/IQN/LUN";

  /** Shape of the argument TARGET. */
  static final String TARGET = "iscsi://[USER@]HOST[:PORT][,HOST[:PORT]]/IQN";

  private static final Path SECRETS_FILE = Path.of("/etc/jclusterfs/chap-secrets");

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
      description =
          "root-only file of CHAP secrets: TARGET USER SECRET [MUTUAL-USER MUTUAL-SECRET] per"
              + " line, TARGET an IQN or * (default: /etc/jclusterfs/chap-secrets)")
  private Path secretsFile;

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "print one JSON document instead of text")
  private boolean json;

  /** Kept, since a logger that nobody holds forgets its level. */
  private static final Logger LOGGER = Logger.getLogger("org.jclusterfs.iscsi");

  private IscsiTool() {}

  @Option(
      names = "--verbose",
      defaultValue = "false",
      scope = ScopeType.INHERIT,
      description = "show on standard error what the initiator logs")
  private void setVerbose(boolean verbose) {
    LOGGER.setLevel(verbose ? Level.ALL : Level.OFF);
  }

  /** Runs the command and ends the process with its exit status. */
  public static void main(String[] arguments) {
    System.exit(
        run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
  }

  /** Runs the command with other streams; returns the exit status. */
  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine line = new CommandLine(new IscsiTool());
    line.getCommandSpec()
        .usageMessage()
        .description("Looks at iSCSI targets with the initiator that jclusterfs mounts by.");
    for (Object command :
        List.of(
            new DiscoverCommand(),
            new LoginCommand(),
            new LunsCommand(),
            new PathsCommand(),
            new InquiryCommand(),
            new CapacityCommand(),
            new KeysCommand(),
            new SpeedCommand())) {
      line.addSubcommand(command);
    }
    int status =
        line.setOut(out)
            .setErr(err)
            .setParameterExceptionHandler(
                (e, words) -> {
                  String name = e.getCommandLine().getCommandSpec().qualifiedName();
                  err.println(name + ": " + e.getMessage() + "; see '" + name + " --help'");
                  return CommandLine.ExitCode.USAGE;
                })
            .setExecutionExceptionHandler(
                (e, failed, result) -> {
                  if (e instanceof IOException || e instanceof IllegalArgumentException) {
                    out.flush();
                    err.println("iscsi: " + e.getMessage());
                    return CommandLine.ExitCode.SOFTWARE;
                  }
                  throw e;
                })
            .execute(arguments);
    out.flush();
    err.flush();
    return status;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }

  /** Options for a target, or for discovery where it is null. */
  InitiatorOptions options(String target, String user) throws IscsiException {
    String name = initiator != null ? InitiatorName.check(initiator) : null;
    if (secretsFile != null && !Files.exists(secretsFile, LinkOption.NOFOLLOW_LINKS)) {
      throw new IscsiException(secretsFile + ", named by --secrets, does not exist");
    }
    ChapSecrets secrets = ChapSecrets.read(secretsFile != null ? secretsFile : SECRETS_FILE);
    return InitiatorOptions.of(name != null ? name : InitiatorName.read(initiatorFile))
        .withChap(secrets.find(target, user));
  }

  /** Logs in to the first target of a URL by one of its portals. */
  IscsiSession openSession(IscsiUrl url) throws IscsiException {
    String target = url.targets().get(0);
    return IscsiSession.open(options(target, url.user()), target, url.portals());
  }

  /** Options of the session with each target of a URL, which all are looked up first. */
  Function<String, InitiatorOptions> sessions(IscsiUrl url) throws IscsiException {
    Map<String, InitiatorOptions> options = new HashMap<>();
    for (String target : url.targets()) {
      options.put(target, options(target, url.user()));
    }
    return options::get;
  }

  /** Opens a disk by all paths of its URL. */
  Disk open(IscsiUrl url) throws IscsiException {
    return Multipath.open(sessions(url), url, MultipathOptions.DEFAULTS);
  }

  /** What to throw at words that do not fit together: usage, exit status 2. */
  ParameterException wrongUsage(String message) {
    return new ParameterException(
        spec.commandLine().getParseResult().subcommand().commandSpec().commandLine(), message);
  }

  /** Whether a JSON document is wanted. */
  boolean isJson() {
    return json;
  }

  /** Prints a JSON document; of nothing else is printed then. */
  void print(Object document) {
    out()
        .println(
            new GsonBuilder()
                .setPrettyPrinting()
                .serializeNulls()
                .disableHtmlEscaping()
                .create()
                .toJson(document));
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Reads an argument DEVICE. */
  static final class Device implements ITypeConverter<IscsiUrl> {
    @Override
    public IscsiUrl convert(String text) {
      return parsed(text, text);
    }
  }

  /** Reads an argument TARGET: a DEVICE without its LUN. */
  static final class Target implements ITypeConverter<IscsiUrl> {
    @Override
    public IscsiUrl convert(String text) {
      boolean bare = text.matches("iscsi://[^/]*/[^/]*");
      IscsiUrl url = parsed(bare ? text + "/0" : text, text);
      if (!bare) {
        throw new TypeConversionException(
            text + ": LUN " + url.lun() + " is not used here, leave '/" + url.lun() + "' out");
      }
      return url;
    }
  }

  /** Reads an argument TARGET that names one target only. */
  static final class OneTarget implements ITypeConverter<IscsiUrl> {
    @Override
    public IscsiUrl convert(String text) {
      IscsiUrl url = new Target().convert(text);
      if (url.targets().size() > 1) {
        throw new TypeConversionException(
            text + ": it names " + url.targets().size() + " targets, give one of them");
      }
      return url;
    }
  }

  /** Reads an argument PORTAL. */
  static final class Portals implements ITypeConverter<IscsiUrl> {
    @Override
    public IscsiUrl convert(String text) {
      try {
        return IscsiUrl.parsePortal(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(text + ": " + e.getMessage());
      }
    }
  }

  private static IscsiUrl parsed(String url, String asGiven) {
    try {
      return IscsiUrl.parse(url);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage().replace(url, asGiven));
    }
  }
}
