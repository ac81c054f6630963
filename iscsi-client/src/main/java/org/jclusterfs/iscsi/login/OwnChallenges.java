package org.jclusterfs.iscsi.login;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The challenges that this process sent lately, more than logins can be under way at a time.
 * Thread-safe.
 */
final class OwnChallenges {

  private static final int KEPT = 1024;

  private final Set<ByteBuffer> challenges = new LinkedHashSet<>();

  /** Remembers a challenge, and forgets the oldest where there are too many. */
  synchronized void add(byte[] challenge) {
    challenges.add(ByteBuffer.wrap(challenge.clone()));
    if (challenges.size() > KEPT) {
      Iterator<ByteBuffer> oldest = challenges.iterator();
      oldest.next();
      oldest.remove();
    }
  }

  synchronized boolean contains(byte[] challenge) {
    return challenges.contains(ByteBuffer.wrap(challenge));
  }
}
