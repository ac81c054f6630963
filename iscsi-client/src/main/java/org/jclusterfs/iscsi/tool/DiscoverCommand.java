package org.jclusterfs.iscsi.tool;

import java.util.List;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.session.Discovery;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "discover", description = "Lists the targets that a portal offers.")
final class DiscoverCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Parameters(paramLabel = "PORTAL", description = "HOST[:PORT] or iscsi://[USER@]HOST[:PORT]")
  private String portal;

  @Override
  public Integer call() throws Exception {
    IscsiUrl url = IscsiUrl.parsePortal(portal);
    List<Discovery.Target> targets =
        Discovery.sendTargets(tool.options(null, url.user()), url.portals());
    for (Discovery.Target target : targets) {
      List<String> addresses =
          target.addresses().isEmpty()
              ? List.of(url.portals().get(0).toString())
              : target.addresses();
      for (String address : addresses) {
        tool.out().println(address + " " + target.name());
      }
    }
    tool.out().flush();
    if (targets.isEmpty()) {
      System.err.println("iscsi: the portal offers no target to this initiator");
    }
    return 0;
  }
}
