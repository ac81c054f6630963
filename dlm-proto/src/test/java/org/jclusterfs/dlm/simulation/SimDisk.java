package org.jclusterfs.dlm.simulation;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.membership.HeartbeatState;

/** Slot descriptors, heartbeat blocks, reservations and journals of a simulated volume. */
final class SimDisk {
  final Map<Integer, Long> claims = new TreeMap<>();
  private final Map<Integer, Heartbeat> beats = new TreeMap<>();
  private final Set<Member> fenced = new HashSet<>();

  /** Whose journal holds a change of a resource's block that is not in its place yet. */
  private final Map<LockName, Member> journaled = new HashMap<>();

  private final Plant plant;

  SimDisk(Plant plant) {
    this.plant = plant;
  }

  void write(Heartbeat beat) {
    Heartbeat there = beats.get(beat.slot());
    if (there == null
        || there.incarnation() != beat.incarnation()
        || there.sequence() < beat.sequence()) {
      beats.put(beat.slot(), beat);
    }
  }

  List<Heartbeat> scan() {
    List<Heartbeat> result = new ArrayList<>(claims.size());
    claims.forEach(
        (slot, incarnation) -> {
          Heartbeat beat = beats.get(slot);
          boolean own = beat != null && beat.incarnation() == incarnation;
          result.add(
              own
                  ? beat
                  : new Heartbeat(slot, incarnation, 0, HeartbeatState.JOINING, 0, new BitSet()));
        });
    return result;
  }

  long highestView() {
    return beats.values().stream().mapToLong(Heartbeat::view).max().orElse(0);
  }

  void fence(Member member) {
    fenced.add(member);
  }

  boolean isFenced(Member member) {
    return fenced.contains(member);
  }

  /** Whether the target refuses a write of this incarnation. */
  boolean refuses(Member member) {
    return fenced.contains(member) && !plant.fencedNodeWrites();
  }

  /** A change of a resource's block is in a journal. */
  void journal(LockName name, Member by) {
    journaled.put(name, by);
  }

  /** It is in its place. */
  void written(LockName name, Member by) {
    journaled.remove(name, by);
  }

  /** Whose journal has to be replayed before a resource's block is read; or null. */
  Member journaledBy(LockName name) {
    return journaled.get(name);
  }

  /** A journal is empty and its slot free. */
  void free(Member member) {
    claims.remove(member.slot(), member.incarnation());
    journaled.values().removeIf(member::equals);
  }
}
