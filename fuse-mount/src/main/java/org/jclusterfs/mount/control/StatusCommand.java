package org.jclusterfs.mount.control;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.mount.Daemons;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** jclusterfs status DIR. */
@Command(
    name = "status",
    description = {
      "Shows a mount: paths to its device, nodes, slots, view, ages of heartbeats, fencing, and locks that are cached,"
          + " waited for and contended. It is answered also while the mount hangs.",
      "Exit status: 0 the mount works, 1 it has stopped and answers EIO, 2 wrong usage or no such"
          + " mount."
    },
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  private static final int STOPPED = 1;
  private static final int NO_ANSWER = 2;

  @Parameters(paramLabel = "DIR", description = "Directory on which the volume is mounted.")
  private String directory;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    try {
      Path mount = Path.of(directory).toAbsolutePath().normalize();
      String answer = ControlSocket.ask(Daemons.controlSocketOf(mount), ControlSocket.STATUS);
      MountStatus status = new Gson().fromJson(answer, MountStatus.class);
      if (json) {
        Gson pretty =
            new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();
        System.out.println(pretty.toJson(JsonParser.parseString(answer)));
      } else {
        System.out.print(StatusText.of(directory, status));
      }
      return status.cluster().withdrawn() == null ? 0 : STOPPED;
    } catch (IOException e) {
      System.err.println("jclusterfs: " + directory + ": " + e.getMessage());
      return NO_ANSWER;
    }
  }
}
