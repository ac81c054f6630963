package org.jclusterfs.iscsi.tool;

import java.util.List;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.session.IscsiSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "luns",
    description = "Lists the LUNs of a target with their sizes and WWIDs, disks or not.",
    footer = {"", "Example: iscsi luns iscsi://10.0.0.5/iqn.2026-01.com.example:disk"})
final class LunsCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Parameters(
      paramLabel = "TARGET",
      description = IscsiTool.TARGET,
      converter = IscsiTool.OneTarget.class)
  private IscsiUrl target;

  @Override
  public Integer call() throws Exception {
    List<LunSummary> luns;
    try (IscsiSession session = tool.openSession(target)) {
      luns = LunSummary.all(session);
    }
    if (tool.isJson()) {
      tool.print(luns);
    } else if (!luns.isEmpty()) {
      tool.out().print(LunSummary.table(luns).text(""));
    }
    if (luns.isEmpty()) {
      tool.err().println("iscsi: the target shows no LUN to this initiator; check its access list");
    }
    return 0;
  }
}
