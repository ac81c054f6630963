package org.jclusterfs.journal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The committed images that are not in place yet: the newest of each block. An image that is being
 * written is never overtaken: a newer one of that block waits for it. Guarded by the journal's
 * lock.
 */
final class PendingImages {

  private final Map<Long, PendingImage> current = new HashMap<>();
  private final Map<LockTag, Map<Long, PendingImage>> byLock = new HashMap<>();
  private final Map<Long, PendingImage> writing = new HashMap<>();

  int size() {
    return current.size();
  }

  boolean has(LockTag lock) {
    return byLock.containsKey(lock);
  }

  PendingImage get(long address) {
    return current.get(address);
  }

  /** A snapshot of the images under a lock. */
  List<PendingImage> under(LockTag lock) {
    return List.copyOf(byLock.getOrDefault(lock, Map.of()).values());
  }

  /** A snapshot of the images whose transactions end at or before a ring position. */
  List<PendingImage> loggedUpTo(long position) {
    List<PendingImage> result = new ArrayList<>();
    for (PendingImage image : current.values()) {
      if (image.transaction().end() <= position) {
        result.add(image);
      }
    }
    return result;
  }

  /**
   * Takes in a just committed image.
   *
   * @return whether it supersedes an older one
   */
  boolean install(PendingImage image, LoggedTransaction transaction) {
    boolean superseded = drop(image.address());
    image.committedIn(transaction);
    transaction.addPending(1);
    current.put(image.address(), image);
    byLock.computeIfAbsent(image.lock(), key -> new HashMap<>()).put(image.address(), image);
    return superseded;
  }

  /** Forgets the image of a block, if there is one. */
  boolean drop(long address) {
    PendingImage image = current.remove(address);
    if (image == null) {
      return false;
    }
    image.transaction().addPending(-1);
    Map<Long, PendingImage> sameLock = byLock.get(image.lock());
    sameLock.remove(address);
    if (sameLock.isEmpty()) {
      byLock.remove(image.lock());
    }
    return true;
  }

  /** Of {@code wanted}, those that still have to be written. */
  List<PendingImage> stillPending(Collection<PendingImage> wanted) {
    List<PendingImage> result = new ArrayList<>();
    for (PendingImage image : wanted) {
      if (current.get(image.address()) == image) {
        result.add(image);
      }
    }
    return result;
  }

  /** Claims for writing what nobody is writing yet, sorted by address. */
  List<PendingImage> claim(Collection<PendingImage> wanted) {
    List<PendingImage> claimed = new ArrayList<>();
    for (PendingImage image : wanted) {
      if (writing.putIfAbsent(image.address(), image) == null) {
        claimed.add(image);
      }
    }
    claimed.sort(Comparator.comparingLong(PendingImage::address));
    return claimed;
  }

  /** Ends the writing of claimed images; with success they are in place, if not superseded. */
  void release(List<PendingImage> claimed, boolean inPlace) {
    for (PendingImage image : claimed) {
      writing.remove(image.address());
      if (inPlace && current.get(image.address()) == image) {
        drop(image.address());
      }
    }
  }

  boolean anyBeingWritten(Collection<Long> addresses) {
    for (long address : addresses) {
      if (writing.containsKey(address)) {
        return true;
      }
    }
    return false;
  }
}
