package org.jclusterfs.mount.control;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program behind bin/jclusterfs: looks at running mounts. */
@Command(
    name = "jclusterfs",
    description = "Looks at mounted jclusterfs volumes.",
    mixinStandardHelpOptions = true,
    versionProvider = JclusterfsCommand.Version.class,
    subcommands = StatusCommand.class,
    synopsisSubcommandLabel = "COMMAND")
public final class JclusterfsCommand {

  private JclusterfsCommand() {}

  /** Version of the package. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = JclusterfsCommand.class.getPackage().getImplementationVersion();
      return new String[] {"jclusterfs " + (version == null ? "(development)" : version)};
    }
  }

  /** Runs it. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  static int run(String... args) {
    CommandLine line = new CommandLine(new JclusterfsCommand());
    line.setParameterExceptionHandler(
        (e, words) -> {
          String wrong =
              e instanceof CommandLine.UnmatchedArgumentException unmatched
                  ? "unknown command or argument \"" + unmatched.getUnmatched().get(0) + "\""
                  : e.getMessage();
          System.err.println("jclusterfs: " + wrong + "; see jclusterfs --help");
          return CommandLine.ExitCode.USAGE;
        });
    if (args.length == 0) {
      line.usage(System.err);
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(args);
  }
}
