package org.jclusterfs.dlm;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Engines without a network between them: messages wait until {@link #settle}, and everything that
 * happens is written down.
 */
final class Transcript {
  private record InFlight(int from, int to, ByteBuffer message) {}

  final Map<Integer, LockEngine> engines = new TreeMap<>();
  final Map<Long, Grant> grants = new TreeMap<>();
  final List<String> lines = new ArrayList<>();
  private final Deque<InFlight> network = new ArrayDeque<>();
  private final Set<List<Integer>> held = new HashSet<>();
  private final List<InFlight> kept = new ArrayList<>();

  Transcript(int... slots) {
    for (int slot : slots) {
      start(slot);
    }
  }

  /** All engines in one view, open. */
  static Transcript open(int... slots) {
    Transcript transcript = new Transcript(slots);
    transcript.install(1, slots);
    transcript.unblock(1, slots);
    transcript.lines.clear();
    return transcript;
  }

  void install(long number, int... slots) {
    install(new View(number, members(slots)));
  }

  /** A view in which the journals of some dead wait. */
  void installWithout(int[] dead, long number, int... slots) {
    install(new View(number, members(slots), members(dead)));
  }

  private void install(View view) {
    view.members().forEach(member -> engines.get(member.slot()).install(view));
    settle();
  }

  static List<Member> members(int... slots) {
    List<Member> members = new ArrayList<>();
    for (int slot : slots) {
      members.add(new Member(slot, slot));
    }
    return members;
  }

  /** A node that is in no view yet. */
  void start(int slot) {
    engines.put(slot, new LockEngine(slot, new Output(slot)));
  }

  void unblock(long number, int... slots) {
    for (int slot : slots) {
      engines.get(slot).unblock(number);
    }
    settle();
  }

  LockEngine at(int slot) {
    return engines.get(slot);
  }

  long request(int slot, LockName name, LockMode mode, int flags) {
    return request(slot, name, mode, flags, LockRange.WHOLE);
  }

  long request(int slot, LockName name, LockMode mode, int flags, LockRange range) {
    long id = slot * 100L + at(slot).newLockId();
    at(slot).request(id, name, mode, flags, range, slot * 1000L);
    settle();
    return id;
  }

  void convert(int slot, long id, LockMode mode, byte[] value) {
    at(slot).convert(id, mode, LockFlags.VALUE, value);
    settle();
  }

  void unlock(int slot, long id, byte[] value) {
    at(slot).unlock(id, 0, value);
    settle();
  }

  void kill(int slot) {
    engines.remove(slot);
    network.removeIf(m -> m.from() == slot || m.to() == slot);
  }

  void dropMessages() {
    network.clear();
  }

  /** Keeps what one node sends to another back until {@link #release}. */
  void hold(int from, int to) {
    held.add(List.of(from, to));
  }

  /** Delivers what was held back, and all that follows from it. */
  void release() {
    held.clear();
    List<InFlight> later = List.copyOf(kept);
    kept.clear();
    network.addAll(later);
    settle();
  }

  void settle() {
    while (!network.isEmpty()) {
      InFlight next = network.remove();
      if (held.contains(List.of(next.from(), next.to()))) {
        kept.add(next);
        continue;
      }
      LockEngine engine = engines.get(next.to());
      if (engine != null) {
        engine.receive(new Member(next.from(), next.from()), next.message());
      }
    }
  }

  /** What was written down since the last call. */
  String take() {
    String text = String.join("\n", lines);
    lines.clear();
    return text;
  }

  private final class Output implements EngineOutput {
    private final int slot;

    Output(int slot) {
      this.slot = slot;
    }

    @Override
    public void send(int to, ByteBuffer message) {
      if (to == slot) {
        throw new AssertionError(slot + " sends to itself, which no transport does");
      }
      network.add(new InFlight(slot, to, message));
    }

    @Override
    public void granted(long lockId, Grant grant) {
      grants.put(lockId, grant);
      lines.add(slot + ": " + lockId + " granted " + grant.mode());
    }

    @Override
    public void denied(long lockId, DenyReason reason, Blocker blocker) {
      lines.add(
          slot + ": " + lockId + " denied " + reason + (blocker == null ? "" : " " + blocker));
    }

    @Override
    public void blocking(long lockId, LockMode wanted) {
      lines.add(slot + ": " + lockId + " blocks " + wanted);
    }

    @Override
    public void tested(long queryId, Blocker blocker) {
      lines.add(slot + ": tested " + blocker);
    }

    @Override
    public void recovered(long viewNumber) {
      lines.add(slot + ": recovered " + viewNumber);
    }

    @Override
    public void handedOver() {
      lines.add(slot + ": handed over");
    }
  }
}
