package org.jclusterfs.system;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An endless load on each node of a cluster, and what their writers were told over all their lives:
 * this record lies outside of the volume, so that it survives whatever happens to that.
 */
final class Loads {

  /** Directory of the volume in which they work. */
  static final String DIRECTORY = "load";

  private final Map<String, LoadAudit.Acknowledged> acknowledged = new HashMap<>();
  private final List<EndlessLoad> loads = new ArrayList<>();
  private int interruptions;
  private long checked;

  /** Starts the load of a node, also one whose last life was remembered. */
  EndlessLoad start(Node node) {
    String writer = "n" + node.number();
    LoadAudit.Acknowledged known = acknowledged.get(writer);
    EndlessLoad load =
        EndlessLoad.start(node.path(DIRECTORY), writer, known == null ? 0 : known.next());
    if (node.number() < loads.size()) {
      loads.set(node.number(), load);
    } else {
      loads.add(load);
    }
    return load;
  }

  /** The present loads, by their node's number. */
  List<EndlessLoad> all() {
    return List.copyOf(loads);
  }

  EndlessLoad of(int node) {
    return loads.get(node);
  }

  /** Keeps what a load that has ended was told. */
  void remember(EndlessLoad load) {
    interruptions++;
    acknowledged.computeIfAbsent(load.writer(), w -> new LoadAudit.Acknowledged()).add(load.last());
  }

  /** Kills them all; for the end of a campaign that failed. */
  void kill() {
    loads.forEach(load -> load.end(Duration.ofSeconds(1)));
  }

  /** What a node does not see of what was acknowledged and remembered, or "". */
  String missingOn(Node node) throws IOException {
    LoadAudit audit = new LoadAudit(node.path(DIRECTORY), interruptions);
    for (Map.Entry<String, LoadAudit.Acknowledged> entry : acknowledged.entrySet()) {
      boolean atRest =
          loads.stream().noneMatch(l -> l.writer().equals(entry.getKey()) && l.isRunning());
      String fault = audit.check(entry.getKey(), entry.getValue(), atRest);
      if (!fault.isEmpty()) {
        return fault;
      }
    }
    checked += audit.checked();
    return "";
  }

  /** Acknowledged records that were found intact, over all audits. */
  long checked() {
    return checked;
  }
}
