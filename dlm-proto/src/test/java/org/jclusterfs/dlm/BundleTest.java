package org.jclusterfs.dlm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BundleTest {
  private static final int REGION = 0;
  private static final int COUNT = 1000;

  private static LockName name(int id) {
    return new LockName(2, REGION, id);
  }

  private static List<Long> requestTogether(Transcript t, int slot, LockMode mode) {
    LockEngine engine = t.at(slot);
    List<Long> ids = new ArrayList<>();
    engine.cork();
    for (int i = 0; i < COUNT; i++) {
      long id = engine.newLockId();
      ids.add(id);
      engine.request(id, name(i), mode, LockFlags.VALUE, LockRange.WHOLE, 0);
    }
    engine.uncork();
    t.settle();
    return ids;
  }

  /** Two engines of which the first masters the region, and both know it. */
  private static Transcript mastered() {
    Transcript t = Transcript.open(1, 2);
    t.unlock(1, t.request(1, name(-1), LockMode.EX, 0), null);
    t.unlock(2, t.request(2, name(-1), LockMode.EX, 0), null);
    t.take();
    return t;
  }

  @Test
  void requestsThatBelongTogetherTakeOneMessageEachWay() {
    Transcript t = mastered();
    long asked = t.at(2).messagesSent();
    long answered = t.at(1).messagesSent();
    requestTogether(t, 2, LockMode.PR);
    assertEquals(COUNT, t.grants.size());
    assertEquals(1, t.at(2).messagesSent() - asked);
    assertEquals(1, t.at(1).messagesSent() - answered);
  }

  @Test
  void locksThatAnotherHoldsComeWithTheirValuesInOneMessagePerStep() {
    Transcript t = mastered();
    List<Long> held = requestTogether(t, 2, LockMode.EX);
    t.take();
    long before = t.at(1).messagesSent() + t.at(2).messagesSent();
    List<Long> wanted = requestTogether(t, 1, LockMode.PR); // one message with all callbacks
    LockEngine holder = t.at(2);
    holder.cork();
    for (int i = 0; i < COUNT; i++) {
      byte[] value = new byte[LockEngine.VALUE_SIZE];
      value[0] = (byte) i;
      holder.convert(held.get(i), LockMode.PR, 0, value);
    }
    holder.uncork();
    t.settle();
    assertEquals(2, t.at(1).messagesSent() + t.at(2).messagesSent() - before);
    for (int i = 0; i < COUNT; i++) {
      Grant grant = t.grants.get(wanted.get(i));
      assertEquals(LockMode.PR, grant.mode());
      assertEquals((byte) i, grant.value()[0]);
    }
  }

  @Test
  void aBundleCountsAsOneUseOfItsRegion() {
    Transcript t = mastered();
    requestTogether(t, 2, LockMode.PR);
    assertEquals(true, t.at(1).mastersRegion(REGION), COUNT + " requests moved the region");
  }

  @Test
  void whatWaitsWhenAViewChangesGoesToTheMembersOfTheOldOne() {
    Transcript t = mastered();
    LockEngine engine = t.at(2);
    engine.cork();
    long id = engine.newLockId();
    engine.request(id, name(1), LockMode.EX, 0, LockRange.WHOLE, 0);
    t.install(2, 1, 2);
    engine.uncork();
    t.settle();
    assertEquals(LockMode.EX, t.grants.get(id).mode());
  }

  @Test
  void messagesThatDoNotFitInOneBundleFollowInOrder() {
    List<ByteBuffer> frames = new ArrayList<>();
    Outbox outbox =
        new Outbox(
            new SilentOutput() {
              @Override
              public void send(int slot, ByteBuffer message) {
                frames.add(message);
              }
            });
    outbox.cork();
    List<byte[]> sent = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      byte[] message = new byte[Outbox.MAX_BUNDLE / 4];
      message[1] = (byte) i;
      sent.add(message);
      outbox.send(3, ByteBuffer.wrap(message));
    }
    outbox.uncork();
    assertEquals(3, frames.size());
    List<byte[]> opened = new ArrayList<>();
    for (ByteBuffer frame : frames) {
      for (ByteBuffer message : Bundle.open(frame)) {
        byte[] bytes = new byte[message.remaining()];
        message.get(bytes);
        opened.add(bytes);
      }
    }
    assertArrayEquals(sent.toArray(), opened.toArray());
  }

  @Test
  void malformedBundlesAreRefusedAsAWhole() {
    ByteBuffer inner = ByteBuffer.allocate(MessageType.HEADER_SIZE).put(0, (byte) 4);
    ByteBuffer sound = Bundle.of(List.of(inner, inner));
    assertEquals(2, Bundle.open(sound).size());
    assertThrows(WireException.class, () -> Bundle.open(sound.slice(0, sound.limit() - 1)));
    assertThrows(WireException.class, () -> Bundle.open(sound.slice(0, sound.limit() - 26)));
    ByteBuffer nested = Bundle.of(List.of(inner, sound));
    assertThrows(WireException.class, () -> Bundle.open(nested));
    ByteBuffer negative = Bundle.of(List.of(inner, inner));
    negative.putInt(MessageType.HEADER_SIZE, -1);
    assertThrows(WireException.class, () -> Bundle.open(negative));
    ByteBuffer tooLong = Bundle.of(List.of(inner, inner));
    tooLong.putInt(MessageType.HEADER_SIZE, Integer.MAX_VALUE);
    assertThrows(WireException.class, () -> Bundle.open(tooLong));
  }

  @Test
  void uncorkingTwiceIsRefused() {
    Outbox outbox = new Outbox(new SilentOutput());
    outbox.cork();
    outbox.uncork();
    assertThrows(IllegalStateException.class, outbox::uncork);
  }
}
