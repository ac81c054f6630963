package org.jclusterfs.fsck;

import java.util.concurrent.ConcurrentHashMap;

/**
 * Remembers what was put or asked for lately, at least the given number of entries and at most
 * twice as many. Thread-safe.
 */
final class Recent<K, V> {
  private final int generation;
  private volatile ConcurrentHashMap<K, V> young = new ConcurrentHashMap<>();
  private volatile ConcurrentHashMap<K, V> old = new ConcurrentHashMap<>();

  Recent(int generation) {
    this.generation = generation;
  }

  /** The value of a key, or null where it is not known or not any more. */
  V get(K key) {
    V found = young.get(key);
    if (found == null) {
      found = old.get(key);
      if (found != null) {
        put(key, found);
      }
    }
    return found;
  }

  /** Keeps a value, unless the key has one; returns the one that was there, or null. */
  V put(K key, V value) {
    V before = young.putIfAbsent(key, value);
    if (young.size() > generation) {
      rotate();
    }
    return before;
  }

  private synchronized void rotate() {
    if (young.size() > generation) {
      old = young;
      young = new ConcurrentHashMap<>();
    }
  }
}
