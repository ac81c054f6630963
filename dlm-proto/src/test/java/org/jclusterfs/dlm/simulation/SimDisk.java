package org.jclusterfs.dlm.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.membership.HeartbeatState;

/** Slot descriptors, heartbeat blocks and fences of a simulated volume. */
final class SimDisk {
  final Map<Integer, Long> claims = new TreeMap<>();
  final Map<Integer, Heartbeat> beats = new HashMap<>();
  final Set<Member> fenced = new HashSet<>();

  /** Incarnations that lived in a view and have neither left nor been replayed. */
  final Set<Member> dirty = new HashSet<>();

  List<Heartbeat> scan() {
    List<Heartbeat> result = new ArrayList<>();
    claims.forEach(
        (slot, incarnation) -> {
          Heartbeat beat = beats.get(slot);
          boolean own = beat != null && beat.incarnation() == incarnation;
          result.add(
              own
                  ? beat
                  : new Heartbeat(
                      slot, incarnation, 0, HeartbeatState.JOINING, 0, new java.util.BitSet()));
        });
    return result;
  }

  long highestView() {
    return beats.values().stream().mapToLong(Heartbeat::view).max().orElse(0);
  }

  void free(Member member) {
    claims.remove(member.slot(), member.incarnation());
    dirty.remove(member);
  }
}
