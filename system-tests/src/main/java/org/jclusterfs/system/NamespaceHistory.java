package org.jclusterfs.system;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What the workers of a {@link NamespaceCampaign} did, and whether some order explains it. */
final class NamespaceHistory {

  private static final int TOLD_BEFORE = 40;

  private record Event(long time, boolean end, int process, int number) {}

  private final NamespaceOperation[] operations;
  private final List<Event> events = new ArrayList<>();
  private final int processes;

  /** The operations of each process, in its order. */
  NamespaceHistory(List<List<NamespaceOperation>> done) {
    processes = done.size();
    operations = done.stream().flatMap(List::stream).toArray(NamespaceOperation[]::new);
    int number = 0;
    for (int process = 0; process < processes; process++) {
      for (NamespaceOperation each : done.get(process)) {
        number++;
        events.add(new Event(each.begun(), false, process, number));
        events.add(new Event(each.ended(), true, process, number));
      }
    }
    // At one time begins come first: then the calls may have overlapped.
    events.sort(Comparator.comparingLong(Event::time).thenComparing(Event::end));
  }

  int size() {
    return operations.length;
  }

  /**
   * Tells what no order explains.
   *
   * @return a message for people, or "" if some order explains everything
   */
  String contradiction() {
    NamespaceModel model = new NamespaceModel(operations);
    Linearizer order = new Linearizer(model, processes);
    int ended = 0;
    for (Event event : events) {
      if (!event.end) {
        order.begin(event.process, event.number);
        continue;
      }
      List<int[]> before = order.states();
      if (!order.end(event.process)) {
        return report(model, event, before);
      }
      ended++;
    }
    System.out.printf(
        "%d operations are explained; at most %d possibilities at a time%n", ended, order.most());
    return "";
  }

  private String report(NamespaceModel model, Event event, List<int[]> states) {
    long since = events.get(0).time;
    NamespaceOperation culprit = operations[event.number - 1];
    StringBuilder text = new StringBuilder("no order explains, of process ");
    text.append(event.process).append(":\n  ").append(culprit.describe(since));
    text.append("\npossible before it:");
    states.stream().limit(4).forEach(s -> text.append("\n  ").append(model.describe(s)));
    text.append("\nwhat touched the same places before, and was under way:");
    List<Event> near = new ArrayList<>();
    for (Event each : events) {
      if (!each.end && each.time < culprit.ended() && touches(culprit, each.number)) {
        near.add(each);
      }
    }
    for (Event each : near.subList(Math.max(0, near.size() - TOLD_BEFORE), near.size())) {
      text.append(String.format("%n  process %d ", each.process));
      text.append(operations[each.number - 1].describe(since));
    }
    return text.toString();
  }

  private boolean touches(NamespaceOperation culprit, int number) {
    NamespaceOperation other = operations[number - 1];
    return isAt(other, culprit.from())
        || culprit.kind().hasTwoPlaces() && isAt(other, culprit.to())
        || culprit.kind() == NamespaceOperation.Kind.LIST
            && other.from() / NamespaceOperation.NAMES == culprit.from() / NamespaceOperation.NAMES;
  }

  private static boolean isAt(NamespaceOperation other, int place) {
    return other.from() == place || other.kind().hasTwoPlaces() && other.to() == place;
  }
}
