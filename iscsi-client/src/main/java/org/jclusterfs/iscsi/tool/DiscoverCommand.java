package org.jclusterfs.iscsi.tool;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.session.Discovery;
import org.jclusterfs.iscsi.session.IscsiSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "discover",
    description = {
      "Lists the targets that a portal offers (SendTargets).",
      "Prints lines HOST:PORT,TAG TARGET: one for each portal of a target, TAG the portal group's.",
      "Logs in by CHAP where the secrets file has a line for the target *."
    },
    footer = {"", "Example: iscsi discover 10.0.0.5 --luns"})
final class DiscoverCommand implements Callable<Integer> {

  /** A portal of a target; the tag is -1 where the target did not tell it. */
  private record Address(String portal, int portalGroupTag) {}

  /** A target; without LUNs where they were not asked for. */
  private record Target(
      String target, List<Address> portals, List<LunSummary> luns, String error) {}

  @ParentCommand private IscsiTool tool;

  @Option(names = "--luns", description = "log in to each target and look at its LUNs")
  private boolean withLuns;

  @Parameters(
      paramLabel = "PORTAL",
      description = "HOST[:PORT] or iscsi://[USER@]HOST[:PORT]",
      converter = IscsiTool.Portals.class)
  private IscsiUrl portal;

  @Override
  public Integer call() throws Exception {
    List<Target> targets = new ArrayList<>();
    for (Discovery.Target each :
        Discovery.sendTargets(tool.options(null, portal.user()), portal.portals())) {
      targets.add(look(each));
    }
    if (tool.isJson()) {
      tool.print(targets);
    } else {
      targets.forEach(this::print);
    }
    if (targets.isEmpty()) {
      tool.err().println("iscsi: the portal offers no target to this initiator");
    }
    targets.stream()
        .filter(target -> target.error != null)
        .forEach(target -> tool.err().println("iscsi: " + target.error));
    return targets.stream().anyMatch(target -> target.error != null) ? 1 : 0;
  }

  private Target look(Discovery.Target found) {
    List<Address> portals = new ArrayList<>();
    for (String address : found.addresses()) {
      int comma = address.lastIndexOf(',');
      portals.add(
          new Address(
              comma < 0 ? address : address.substring(0, comma),
              comma < 0 ? -1 : tag(address.substring(comma + 1))));
    }
    if (portals.isEmpty()) {
      portals.add(new Address(portal.portals().get(0).toString(), -1));
    }
    if (!withLuns) {
      return new Target(found.name(), portals, null, null);
    }
    try {
      List<Portal> reachable =
          found.addresses().isEmpty()
              ? portal.portals()
              : portals.stream().map(address -> Portal.parse(address.portal)).toList();
      try (IscsiSession session =
          IscsiSession.open(tool.options(found.name(), portal.user()), found.name(), reachable)) {
        return new Target(found.name(), portals, LunSummary.all(session), null);
      }
    } catch (IscsiException | IllegalArgumentException e) {
      return new Target(found.name(), portals, List.of(), e.getMessage());
    }
  }

  private static int tag(String text) {
    return text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : -1;
  }

  private void print(Target target) {
    for (Address address : target.portals) {
      tool.out()
          .println(
              address.portal
                  + (address.portalGroupTag < 0 ? "" : "," + address.portalGroupTag)
                  + " "
                  + target.target);
    }
    if (target.luns != null && target.error == null) {
      tool.out().print(LunSummary.table(target.luns).text("    "));
    }
  }
}
