package org.jclusterfs.dlm.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jclusterfs.dlm.Member;
import org.junit.jupiter.api.Test;

/** Scenarios of joining, founding, death and leave, as transcripts. */
class MembershipTest {
  private static final long T = MembershipScript.THRESHOLD;

  // ---- founding

  @Test
  void loneNodeFoundsOnlyAfterItsIntentIsOnTheDisk() {
    MembershipScript script = new MembershipScript();
    MembershipScript.Node node = script.start(3, 3);
    node.beat();
    node.scan();
    assertEquals(HeartbeatState.FORMING, node.membership.heartbeatState());
    node.scan();
    assertEquals("", script.take(), "a second scan without a beat before it");
    node.beat();
    node.scan();
    script.settle();
    assertEquals("3:3 in view 1 of [3:3]\n3:3 unblocks 1", script.take());
  }

  @Test
  void beatSubmittedBeforeTheDecisionToFoundDoesNotCount() {
    MembershipScript script = new MembershipScript();
    MembershipScript.Node node = script.start(3, 3);
    node.beat();
    long before = script.now;
    node.scan();
    node.membership.ownHeartbeatCompleted(before, script.now++);
    node.scan();
    script.settle();
    assertEquals("", script.take());
  }

  @Test
  void ofTwoThatFoundAtOnceTheHigherStepsBackAndIsAdmitted() {
    MembershipScript script = new MembershipScript();
    MembershipScript.Node high = script.start(5, 5);
    high.beat();
    high.scan(); // alone so far: it is about to found
    MembershipScript.Node low = script.start(2, 2);
    low.beat();
    low.scan(); // so is this one, which cannot see yet what the other is about
    high.beat();
    low.beat();
    script.rounds(5);
    assertEquals(
        String.join(
            "\n",
            "2:2 in view 1 of [2:2]",
            "2:2 unblocks 1",
            "2:2 in view 2 of [2:2, 5:5]",
            "5:5 in view 2 of [2:2, 5:5]",
            "2:2 unblocks 2",
            "5:5 unblocks 2"),
        script.take());
  }

  @Test
  void founderWaitsForTheDeathOfAnOldMemberFencesAndReplaysItBeforeAnyGrant() {
    MembershipScript script = new MembershipScript();
    script.disks.put(7, new Heartbeat(7, 7, 40, HeartbeatState.MEMBER, 12, new java.util.BitSet()));
    script.start(3, 3);
    script.rounds(12);
    assertEquals("", script.take());
    script.rounds(3);
    assertEquals(
        "3:3 fences 7:7\n3:3 in view 1 of [3:3]\n3:3 replays 7:7\n3:3 unblocks 1", script.take());
  }

  @Test
  void viewNumbersDoNotComeBackThoughAClusterDiedBeforeItPublishedThem() {
    MembershipScript script = MembershipScript.cluster(1);
    long published = script.disks.get(1).view();
    script.at(1).disk = false;
    script.start(4, 4);
    script.at(4).beat();
    script.at(1).scan();
    script.at(4).scan();
    script.settle();
    long reached = script.at(1).membership.view().number();
    assertTrue(reached > published, "a view that slot 1 never published");
    script.at(1).crash();
    script.at(4).crash();
    script.disks.put(4, new Heartbeat(4, 4, 1, HeartbeatState.JOINING, 0, new java.util.BitSet()));
    script.start(6, 6);
    script.rounds(16);
    assertTrue(script.at(6).membership.view().number() > reached);
  }

  // ---- joining

  @Test
  void newcomerIsAdmittedByTheLowestMember() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.start(0, 9);
    script.rounds(3);
    assertEquals(
        String.join(
            "\n",
            "1:1 in view 4 of [0:9, 1:1, 2:2]",
            "2:2 in view 4 of [0:9, 1:1, 2:2]",
            "0:9 in view 4 of [0:9, 1:1, 2:2]",
            "0:9 unblocks 4",
            "1:1 unblocks 4",
            "2:2 unblocks 4"),
        renumbered(script.take(), 4));
  }

  private static String renumbered(String text, long number) {
    return text.replaceAll("(view|unblocks) \\d+", "$1 " + number);
  }

  @Test
  void newcomerThatIsGoneFromTheDiskIsNotAdmitted() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.start(0, 9);
    script.at(0).beat();
    script.at(0).scan(); // asks
    script.at(0).crash();
    script.disks.remove(0);
    script.rounds(3);
    assertEquals("", script.take());
  }

  @Test
  void replayedNewcomerIsNotAdmittedAgainByAnOldRequest() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.start(0, 9);
    script.rounds(2);
    script.at(0).crash();
    script.rounds(14);
    script.take();
    // Its request to join is still with slot 2, who becomes the coordinator.
    script.at(1).crash();
    script.rounds(15);
    assertEquals(
        "2:2 fences 1:1\n2:2 in view 0 of [2:2]\n2:2 replays 1:1\n2:2 unblocks 0",
        renumbered(script.take(), 0));
  }

  @Test
  void newcomerWaitsWhileAJournalIsBeingReplayed() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.held = what -> what.equals("replay 2:2");
    script.at(2).crash();
    script.rounds(14);
    script.take();
    script.start(0, 9);
    script.rounds(5);
    assertEquals("", script.take(), "slot 0 would replay the journal, too");
    assertNull(script.at(0).membership.view());
    script.release();
    script.rounds(2);
    assertEquals(2, script.at(0).membership.view().members().size());
    assertTrue(script.at(0).membership.unblocked());
  }

  // ---- death

  @Test
  void deadMemberIsFencedThenLeftOutThenReplayedThenGrantsGoOn() {
    MembershipScript script = MembershipScript.cluster(1, 2, 3);
    script.at(3).crash();
    script.rounds(15);
    assertEquals(
        String.join(
            "\n",
            "1:1 fences 3:3",
            "1:1 in view 0 of [1:1, 2:2]",
            "2:2 in view 0 of [1:1, 2:2]",
            "1:1 replays 3:3",
            "1:1 unblocks 0",
            "2:2 unblocks 0"),
        renumbered(script.take(), 0));
  }

  @Test
  void recoveryWaitsForAFenceThatFails() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.held = what -> what.startsWith("fence");
    script.at(2).crash();
    script.rounds(20);
    assertEquals("1:1 fences 2:2", script.take());
    script.at(1).membership.fenceFailed(new Member(2, 2), script.now);
    script.heldSteps.clear();
    script.rounds(3);
    assertEquals("1:1 fences 2:2", script.take(), "asked again");
    script.release();
    script.rounds(1);
    assertEquals(
        "1:1 in view 0 of [1:1]\n1:1 replays 2:2\n1:1 unblocks 0", renumbered(script.take(), 0));
  }

  @Test
  void grantsStayBlockedWhileAReplayFails() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.held = what -> what.startsWith("replay");
    script.at(2).crash();
    script.rounds(15);
    script.at(1).membership.replayFailed(new Member(2, 2), script.now);
    script.heldSteps.clear();
    script.rounds(5);
    assertFalse(script.at(1).membership.unblocked());
    script.release();
    assertTrue(script.at(1).membership.unblocked());
  }

  @Test
  void secondDeathDuringAReplayKeepsGrantsBlockedUntilBothAreReplayed() {
    MembershipScript script = MembershipScript.cluster(1, 2, 3);
    script.held = what -> what.startsWith("replay");
    script.at(3).crash();
    script.rounds(15);
    script.at(2).crash();
    script.rounds(15);
    assertFalse(script.at(1).membership.unblocked());
    script.release();
    script.rounds(1);
    assertTrue(script.at(1).membership.unblocked());
    assertEquals(Set.of(new Member(2, 2), new Member(3, 3)), script.replayed);
  }

  @Test
  void newcomerDoesNotGoForAMemberThatDiedBeforeItSawTheNewcomersConnection() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.start(3, 3);
    script.at(3).beat();
    script.at(1).beat();
    script.at(1).scan();
    script.at(3).scan(); // asks
    script.at(2).crash(); // its last beat tells of no connection to slot 3
    script.rounds(16);
    assertEquals(Set.of(new Member(2, 2)), script.fenced);
    assertTrue(script.at(3).membership.unblocked());
  }

  @Test
  void membersThatBothBeatAndCannotTalkLoseTheHigherOne() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.at(1).membership.connectionDown(2, script.now);
    script.at(2).membership.connectionDown(1, script.now);
    script.rounds(10);
    assertEquals(Set.of(), script.fenced, "it may come back");
    script.rounds(4);
    assertEquals(Set.of(new Member(2, 2)), script.fenced);
  }

  @Test
  void largerSideGoesOnThoughTheConnectionsAcrossBreakOneAfterTheOther() {
    MembershipScript script = MembershipScript.cluster(0, 1, 2);
    for (int other : new int[] {1, 2}) {
      script.at(0).membership.connectionDown(other, script.now);
      script.at(other).membership.connectionDown(0, script.now);
      script.rounds(5);
    }
    assertEquals(Set.of(), script.fenced, "they may come back");
    script.rounds(4);
    assertEquals(Set.of(new Member(0, 0)), script.fenced);
  }

  /** A death is recovered from wherever the coordinator of that recovery dies, too. */
  @Test
  void coordinatorMayDieAtEachStepOfARecovery() {
    int steps = recoveryWithCoordinatorDyingAt(Integer.MAX_VALUE);
    assertTrue(steps > 10, "only " + steps);
    for (int at = 0; at <= steps; at++) {
      recoveryWithCoordinatorDyingAt(at);
    }
  }

  private static int recoveryWithCoordinatorDyingAt(int at) {
    MembershipScript script = MembershipScript.cluster(1, 2, 3, 4);
    script.at(4).crash();
    int count = 0;
    for (int round = 0; round < 15; round++) {
      script.now += T / 12;
      for (MembershipScript.Node node : List.copyOf(script.nodes.values())) {
        if (node.runs) {
          node.beat();
          node.scan();
        }
      }
      while (!script.steps.isEmpty()) {
        if (count++ == at) {
          script.at(1).crash();
        }
        script.step();
      }
    }
    String before = script.take();
    script.rounds(30);
    String what = "dies at " + at + ":\n" + before + "\n" + script.take();
    List<Integer> living = new ArrayList<>(at >= count ? List.of(1, 2, 3) : List.of(2, 3));
    for (int slot : living) {
      Membership membership = script.at(slot).membership;
      assertTrue(script.at(slot).runs && membership.unblocked(), what);
      assertEquals(script.at(living.get(0)).membership.view(), membership.view(), what);
      assertEquals(living, membership.view().members().stream().map(Member::slot).toList(), what);
    }
    assertTrue(script.replayed.contains(new Member(4, 4)), what);
    assertEquals(at < count, script.replayed.contains(new Member(1, 1)), what);
    return count;
  }

  // ---- lease

  @Test
  void nodeStopsBeforeTheOthersMayTakeItForDead() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    script.at(2).disk = false;
    script.rounds(15);
    List<String> lines = List.of(script.take().split("\n"));
    assertEquals("2:2 stops: no heartbeat reached the disk in time", lines.get(0));
    assertEquals("1:1 fences 2:2", lines.get(1));
  }

  @Test
  void heartbeatThatCompletesAfterTheLeaseEndedDoesNotBringItBack() {
    MembershipScript script = MembershipScript.cluster(1, 2);
    MembershipScript.Node paused = script.at(2);
    long deadline = paused.membership.writeDeadlineNanos();
    script.take();
    paused.membership.ownHeartbeatCompleted(deadline - 1, deadline + 1);
    assertEquals("2:2 stops: no heartbeat reached the disk in time", script.take());
  }

  @Test
  void newcomerIsToldByOthersOfAViewWhoseCoordinatorDiedWhileItToldThem() {
    MembershipScript script = MembershipScript.cluster(1);
    script.start(2, 2);
    script.start(3, 3);
    while (script.at(3).membership.view() == null) {
      if (!script.step()) {
        script.beatAndScan();
      }
      script.steps.removeIf(step -> step.isCommit() && step.from() == 1 && step.to() == 2);
    }
    script.at(1).crash();
    script.rounds(20);
    assertEquals(
        List.of(new Member(2, 2), new Member(3, 3)), script.at(3).membership.view().members());
    assertEquals(script.at(3).membership.view(), script.at(2).membership.view());
    assertTrue(script.at(2).membership.unblocked());
  }

  // ---- newcomers whose beats do not tell yet that they are members

  /** 1 has admitted 2, whose last beat on the disk says that it is joining. */
  private static MembershipScript admittedUnseen() {
    MembershipScript script = MembershipScript.cluster(1);
    script.start(2, 2);
    script.round();
    script.at(2).disk = false;
    script.rounds(2);
    return script;
  }

  @Test
  void memberDoesNotLeaveBeforeTheDiskTellsOfAnother() {
    MembershipScript script = admittedUnseen();
    script.at(1).leave();
    script.start(3, 3); // would found a cluster of its own if it saw no member
    script.rounds(3);
    assertEquals("1:1 in view 2 of [1:1, 2:2]", renumbered(script.take(), 2));
    script.at(2).disk = true;
    script.rounds(4);
    assertEquals(
        String.join(
            "\n",
            "2:2 in view 2 of [1:1, 2:2]",
            "2:2 in view 2 of [2:2, 3:3]",
            "1:1 has left",
            "3:3 in view 2 of [2:2, 3:3]",
            "2:2 unblocks 2",
            "3:3 unblocks 2"),
        renumbered(script.take(), 2));
  }

  @Test
  void newcomerStopsWhereAnotherClusterWasFoundedBeforeTheDiskToldOfIt() {
    MembershipScript script = admittedUnseen();
    script.at(1).crash();
    script.take();
    script.disks.put(
        3, new Heartbeat(3, 3, 1, HeartbeatState.MEMBER, 7_000_001, new java.util.BitSet()));
    script.at(2).disk = true;
    script.round();
    assertEquals(
        "2:2 stops: those who admitted this node have left, and others formed a cluster meanwhile",
        script.take());
  }

  // ---- leave

  @Test
  void leaverIsLetGoWithoutAFence() {
    MembershipScript script = MembershipScript.cluster(1, 2, 3);
    script.at(2).leave();
    script.settle();
    script.rounds(15);
    assertEquals(
        String.join(
            "\n",
            "1:1 in view 0 of [1:1, 3:3]",
            "3:3 in view 0 of [1:1, 3:3]",
            "2:2 has left",
            "1:1 unblocks 0",
            "3:3 unblocks 0"),
        renumbered(script.take(), 0));
    assertEquals(Set.of(), script.fenced);
  }

  @Test
  void leavingCoordinatorIsLetGoByTheNextMember() {
    MembershipScript script = MembershipScript.cluster(1, 2, 3);
    script.at(1).leave();
    script.settle();
    script.rounds(2);
    assertFalse(script.at(1).runs);
    assertEquals(2, script.at(2).membership.view().members().size());
    assertTrue(script.at(2).membership.unblocked() && script.at(3).membership.unblocked());
  }

  @Test
  void coordinatorFinishesItsReplayBeforeItLeaves() {
    MembershipScript script = MembershipScript.cluster(1, 2, 3);
    script.held = what -> what.startsWith("replay");
    script.at(3).crash();
    script.rounds(15);
    script.take();
    script.at(1).leave();
    script.settle();
    script.rounds(3);
    assertEquals("", script.take(), "slot 2 would replay the journal, too");
    script.release();
    script.rounds(2);
    assertNotEquals("", script.take());
    assertFalse(script.at(1).runs);
    assertTrue(script.at(2).membership.unblocked());
  }

  @Test
  void allMayLeaveAtOnce() {
    MembershipScript script = MembershipScript.cluster(1, 2, 3);
    List.of(1, 2, 3).forEach(slot -> script.at(slot).leave());
    script.settle();
    script.rounds(4);
    assertTrue(script.nodes.values().stream().noneMatch(node -> node.runs));
    assertEquals(Set.of(), script.fenced);
  }

  @Test
  void coordinatorThatLeavesWhileItAdmitsANewcomerTakesItInFirst() {
    MembershipScript script = MembershipScript.cluster(1);
    script.start(4, 4);
    script.at(4).beat();
    script.at(1).beat();
    script.at(1).scan();
    script.at(4).scan(); // asks
    script.step(); // slot 1 proposes
    script.at(1).leave();
    script.settle();
    script.rounds(3);
    assertFalse(script.at(1).runs);
    assertEquals(List.of(new Member(4, 4)), script.at(4).membership.view().members());
    assertTrue(script.at(4).membership.unblocked());
    assertEquals(Set.of(), script.fenced);
  }
}
