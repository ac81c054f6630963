package org.jclusterfs.dlm.simulation;

import java.util.PriorityQueue;

/** Virtual time: what is to happen, in order of time and, at one time, of its planning. */
final class Scheduler {
  private static final class Event implements Comparable<Event> {
    final long at;
    final long order;
    final Runnable action;

    Event(long at, long order, Runnable action) {
      this.at = at;
      this.order = order;
      this.action = action;
    }

    @Override
    public int compareTo(Event other) {
      return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
    }
  }

  private final PriorityQueue<Event> queue = new PriorityQueue<>(1024);
  private long order;
  private long now;
  private long events;

  /** Nanoseconds of virtual time. */
  long now() {
    return now;
  }

  /** Events that have happened. */
  long events() {
    return events;
  }

  void after(long delay, Runnable action) {
    queue.add(new Event(now + delay, ++order, action));
  }

  void runUntil(long end) {
    while (!queue.isEmpty() && queue.peek().at <= end) {
      Event event = queue.remove();
      now = event.at;
      events++;
      event.action.run();
    }
    now = end;
  }
}
