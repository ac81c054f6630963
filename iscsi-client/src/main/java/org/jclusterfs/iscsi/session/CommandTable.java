package org.jclusterfs.iscsi.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jclusterfs.iscsi.ProtocolException;

/**
 * Commands in flight by Initiator Task Tag. A tag is a place in the table and, above it, the number
 * of its use, so that an answer to an earlier use is recognised.
 */
final class CommandTable {
  private static final int PLACE_BITS = 11;
  private static final int PLACE_MASK = (1 << PLACE_BITS) - 1;

  private final ScsiCommand[] places = new ScsiCommand[1 << PLACE_BITS];
  private final int[] free = new int[1 << PLACE_BITS];
  private int freeCount = free.length;
  private int uses;

  CommandTable() {
    for (int i = 0; i < free.length; i++) {
      free[i] = free.length - 1 - i;
    }
  }

  int size() {
    return free.length - freeCount;
  }

  boolean isFull() {
    return freeCount == 0;
  }

  void add(ScsiCommand command) {
    int place = free[--freeCount];
    uses = uses + 1 & 0xf_ffff; // 20 + 11 bits: never the reserved tag
    command.itt = uses << PLACE_BITS | place;
    places[place] = command;
  }

  /** The command with a tag. */
  ScsiCommand get(int itt) throws ProtocolException {
    ScsiCommand command = places[itt & PLACE_MASK];
    if (command == null || command.itt != itt) {
      throw new ProtocolException(
          "the target answered a command that is not in flight (task tag 0x"
              + Integer.toHexString(itt)
              + ")");
    }
    return command;
  }

  /** The command with a tag, or null. */
  ScsiCommand find(int itt) {
    ScsiCommand command = places[itt & PLACE_MASK];
    return command != null && command.itt == itt ? command : null;
  }

  void remove(ScsiCommand command) {
    int place = command.itt & PLACE_MASK;
    places[place] = null;
    free[freeCount++] = place;
  }

  /** Whether one has passed its deadline. */
  boolean hasExpired(long now) {
    if (size() > 0) {
      for (ScsiCommand each : places) {
        if (each != null && each.deadline - now <= 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** The first of those whose grace has begun and that nobody tried to abort yet, or null. */
  ScsiCommand firstInGrace(long now) {
    ScsiCommand first = null;
    if (size() > 0) {
      for (ScsiCommand each : places) {
        if (each != null
            && each.grace > 0
            && !each.abortTried
            && each.deadline - each.grace - now <= 0
            && (first == null || each.cmdSn - first.cmdSn < 0)) {
          first = each;
        }
      }
    }
    return first;
  }

  /** Those in flight now, in the order in which they were sent. */
  List<ScsiCommand> all() {
    List<ScsiCommand> all = new ArrayList<>();
    for (ScsiCommand each : places) {
      if (each != null) {
        all.add(each);
      }
    }
    if (!all.isEmpty()) {
      int some = all.get(0).cmdSn;
      all.sort(Comparator.comparingInt(c -> c.cmdSn - some)); // fewer than 2^31 are in flight
    }
    return all;
  }

  /** Removes all, in the order in which they were sent. */
  List<ScsiCommand> removeAll() {
    List<ScsiCommand> all = all();
    all.forEach(this::remove);
    return all;
  }
}
