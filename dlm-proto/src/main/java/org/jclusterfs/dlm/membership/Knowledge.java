package org.jclusterfs.dlm.membership;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/** What a node knows of the cluster; shared by its states and its coordinator part. */
final class Knowledge {
  /** More views than a cluster can agree between two heartbeats. */
  private static final long FOUNDING_STEP = 1_000_000;

  final Member self;
  final long threshold;
  final MembershipOutput out;
  final DiskWatch disk;

  /** Live connections: slot to incarnation. */
  final Map<Integer, Long> connections = new TreeMap<>();

  /** Newcomers that asked for admission, with the connections they had then. */
  final Map<Member, BitSet> joiners = new HashMap<>();

  /** Members that asked to be let go. */
  final Set<Member> leavers = new TreeSet<>();

  /** Fenced incarnations whose journals are not replayed yet, as the installed view says. */
  final Set<Member> dead = new TreeSet<>();

  /** Replayed incarnations: never judged again, though an old scan may still show them. */
  final Set<Member> buried = new HashSet<>();

  /** Who has said, per view, that its engine has heard all members. */
  final Map<Long, Set<Integer>> recovered = new TreeMap<>();

  /** The view this node lives in, or null. */
  View view;

  /** The highest proposal accepted; may have been committed elsewhere if above the view. */
  Proposal prepared;

  /** The slot that proposed it. */
  int preparedBy;

  /** No proposal up to this number is accepted any more. */
  long promised;

  /** Whether this node uses the view: it founded it, or all can see on the disk that it is in. */
  boolean entered;

  /** Whether ordinary locks are granted in the view. */
  boolean unblocked;

  /** When the input being handled happened. */
  long now;

  Knowledge(Member self, long threshold, MembershipOutput out) {
    this.self = self;
    this.threshold = threshold;
    this.out = out;
    disk = new DiskWatch(threshold);
  }

  /** After how long something that failed is asked for again. */
  long retryNanos() {
    return threshold / 6;
  }

  /**
   * The members to start from: those of the highest proposal accepted here, since it may have been
   * committed, else of the view, else this founder alone.
   */
  Set<Member> base() {
    Set<Member> base =
        preparedIsNewer()
            ? new TreeSet<>(prepared.members())
            : new TreeSet<>(view == null ? Set.of(self) : Set.copyOf(view.members()));
    base.removeAll(buried);
    return base;
  }

  /** Dead incarnations that wait for replay, of the view and of a proposal accepted. */
  Set<Member> unburied() {
    Set<Member> all = new TreeSet<>(dead);
    if (preparedIsNewer()) {
      all.addAll(prepared.dead());
    }
    all.removeAll(buried);
    return all;
  }

  boolean preparedIsNewer() {
    return prepared != null && (view == null || prepared.number() > view.number());
  }

  /** Whether a view number belongs to a cluster that was founded after this one. */
  boolean isOfLaterCluster(long number) {
    return number / FOUNDING_STEP > view.number() / FOUNDING_STEP;
  }

  /** The highest view number heard of. */
  long highestNumber() {
    long highest = Math.max(promised, disk.highestView());
    return Math.max(highest, view == null ? 0 : view.number());
  }

  long nextNumber() {
    return highestNumber() + 1;
  }

  /** Where the numbers of a new cluster's views begin. */
  long foundingNumber() {
    return (highestNumber() / FOUNDING_STEP + 1) * FOUNDING_STEP;
  }

  boolean isConnected(Member member) {
    return Long.valueOf(member.incarnation()).equals(connections.get(member.slot()));
  }

  BitSet connected() {
    BitSet bits = new BitSet();
    connections.keySet().forEach(bits::set);
    return bits;
  }

  void send(Member to, ByteBuffer message) {
    if (isConnected(to)) {
      out.send(to.slot(), message);
    }
  }

  /** Enters a view. */
  void install(Proposal proposal) {
    view = proposal.toView();
    promised = Math.max(promised, proposal.number());
    dead.clear();
    dead.addAll(proposal.dead());
    dead.removeAll(buried);
    unblocked = false;
    recovered.keySet().removeIf(number -> number < proposal.number());
    joiners.keySet().removeAll(proposal.members());
    leavers.retainAll(proposal.members());
    out.publish();
    if (entered) {
      out.installView(view);
    }
  }

  /** From now on this node uses the views that it lives in. */
  void enter() {
    entered = true;
    if (view != null) {
      out.installView(view);
    }
  }

  void unblock() {
    unblocked = true;
    buried.addAll(dead);
    dead.clear();
    out.unblock(view.number());
  }
}
