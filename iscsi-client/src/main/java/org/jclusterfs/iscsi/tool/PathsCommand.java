package org.jclusterfs.iscsi.tool;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.multipath.MultipathLun;
import org.jclusterfs.iscsi.multipath.MultipathOptions;
import org.jclusterfs.iscsi.multipath.PathState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "paths",
    aliases = "sessions",
    description = {
      "Draws the paths to a LUN as multipath -ll does.",
      "Opens it by every portal and target of the URL, as a mount would, and shows groups by priority"
          + " (ALUA) and what became of each path.",
      "The paths of a mount that is there are told by 'jclusterfs status DIR'.",
      "Exit status 1 also where some paths do not work."
    },
    footer = {"", "Example: iscsi paths iscsi://10.0.0.5,10.1.0.5/iqn.2026-01.com.example:disk/0"})
final class PathsCommand implements Callable<Integer> {

  /** A little more than a login may take. */
  private static final Duration PATIENCE = Duration.ofSeconds(9);

  private static final long POLL_MILLIS = 50;

  @ParentCommand private IscsiTool tool;

  @Parameters(
      paramLabel = "DEVICE",
      description = IscsiTool.DEVICE + "; several targets IQN,IQN to one LUN too",
      converter = IscsiTool.Device.class)
  private IscsiUrl device;

  @Override
  public Integer call() throws Exception {
    MultipathOptions options = MultipathOptions.DEFAULTS;
    PathTree tree;
    try (MultipathLun disk = MultipathLun.open(tool.sessions(device), device, options)) {
      awaitFirstLogins(disk);
      tree = PathTree.of(disk, options);
    }
    if (tool.isJson()) {
      tool.print(tree.document());
    } else {
      tool.out().print(tree.text());
    }
    return tree.allPaths().allMatch(path -> path.state() == PathState.UP) ? 0 : 1;
  }

  /** A disk is open as soon as some path works; here each is waited for until it works or not. */
  private static void awaitFirstLogins(MultipathLun disk) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end
        && disk.paths().stream().anyMatch(path -> path.state() == PathState.CONNECTING)) {
      Thread.sleep(POLL_MILLIS);
    }
  }
}
