package org.jclusterfs.dlm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What goes to peers. While it is corked, messages wait; then those to one peer go together, as a
 * {@link MessageType#BUNDLE}, in the order in which they were sent.
 */
final class Outbox {

  /**
   * Bytes above which another bundle is begun; a message is far smaller than the rest of a frame.
   */
  static final int MAX_BUNDLE = 256 * 1024;

  private final EngineOutput out;
  private final Map<Integer, List<ByteBuffer>> waiting = new LinkedHashMap<>();
  private int corks;
  private long frames;

  Outbox(EngineOutput out) {
    this.out = out;
  }

  void send(int slot, ByteBuffer message) {
    if (corks > 0) {
      waiting.computeIfAbsent(slot, s -> new ArrayList<>()).add(message);
    } else {
      frame(slot, message);
    }
  }

  void cork() {
    corks++;
  }

  void uncork() {
    if (corks == 0) {
      throw new IllegalStateException("Not corked");
    }
    if (--corks == 0) {
      flush();
    }
  }

  /** Sends what waits, corked or not. */
  void flush() {
    Map<Integer, List<ByteBuffer>> all = new LinkedHashMap<>(waiting);
    waiting.clear();
    all.forEach(this::sendTogether);
  }

  /** What was handed out so far, a bundle counted once. */
  long frames() {
    return frames;
  }

  private void sendTogether(int slot, List<ByteBuffer> messages) {
    int from = 0;
    int bytes = 0;
    for (int i = 0; i < messages.size(); i++) {
      int size = messages.get(i).remaining();
      if (i > from && bytes + size > MAX_BUNDLE) {
        frame(slot, Bundle.of(messages.subList(from, i)));
        from = i;
        bytes = 0;
      }
      bytes += size;
    }
    frame(slot, Bundle.of(messages.subList(from, messages.size())));
  }

  private void frame(int slot, ByteBuffer message) {
    frames++;
    out.send(slot, message);
  }
}
