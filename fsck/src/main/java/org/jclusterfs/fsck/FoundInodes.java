package org.jclusterfs.fsck;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jclusterfs.core.format.Geometry;

/**
 * What is remembered of the inodes that were found: 21 bytes each, in tables of primitive arrays,
 * one per resource group, that are half to four fifths full. Used by one thread.
 */
final class FoundInodes {
  /** Bytes of one place in the tables. */
  static final int PLACE_BYTES = 21;

  private static final int TYPE = 0x0f;
  private static final int SYSTEM = 0x10;
  private static final int NAMED = 0x20;
  private static final int REMOVED = 0x40;
  private static final int TYPE_SHIFT = 12;

  private final Geometry geometry;
  private final Map<Long, Table> tables = new TreeMap<>();
  private long size;

  /** Sees inodes. */
  interface Visitor {
    void inode(InodeInfo inode) throws java.io.IOException;
  }

  /** Open addressing with linear probing; a key is the place in the group plus 1, 0: empty. */
  private static final class Table {
    int[] keys;
    int[] linkCounts;
    int[] counts;
    long[] parents;
    byte[] flags;
    int used;

    Table(int places) {
      keys = new int[places];
      linkCounts = new int[places];
      counts = new int[places];
      parents = new long[places];
      flags = new byte[places];
    }

    int place(int key) {
      int place = (int) ((key * 0x9e3779b9L & 0xffffffffL) * keys.length >>> 32);
      while (keys[place] != 0 && keys[place] != key) {
        place = place + 1 == keys.length ? 0 : place + 1;
      }
      return place;
    }

    boolean isFull() {
      return used >= keys.length - keys.length / 5;
    }

    Table larger() {
      Table larger = new Table(keys.length + keys.length / 2);
      for (int i = 0; i < keys.length; i++) {
        if (keys[i] != 0) {
          int to = larger.place(keys[i]);
          larger.keys[to] = keys[i];
          larger.linkCounts[to] = linkCounts[i];
          larger.counts[to] = counts[i];
          larger.parents[to] = parents[i];
          larger.flags[to] = flags[i];
        }
      }
      larger.used = used;
      return larger;
    }
  }

  FoundInodes(Geometry geometry) {
    this.geometry = geometry;
  }

  private int key(long number) {
    return (int) (number - geometry.groupStart(geometry.groupOf(number))) + 1;
  }

  /** Enters an inode that is not there. */
  void add(long number, int mode, int linkCount, long parent) {
    long group = geometry.groupOf(number);
    Table table = tables.computeIfAbsent(group, key -> new Table(64));
    int key = key(number);
    int place = table.place(key);
    if (table.keys[place] == 0) {
      if (table.isFull()) {
        table = table.larger();
        tables.put(group, table);
        place = table.place(key);
      }
      table.keys[place] = key;
      table.used++;
    }
    table.linkCounts[place] = linkCount;
    table.counts[place] = 0;
    table.parents[place] = parent;
    table.flags[place] = (byte) (mode >>> TYPE_SHIFT & TYPE);
    size++;
  }

  boolean contains(long number) {
    Table table = tables.get(geometry.groupOf(number));
    if (table == null) {
      return false;
    }
    int place = table.place(key(number));
    return table.keys[place] != 0 && (table.flags[place] & REMOVED) == 0;
  }

  /** Forgets an inode. */
  void remove(long number) {
    Table table = table(number);
    table.flags[table.place(key(number))] |= REMOVED;
    size--;
  }

  long size() {
    return size;
  }

  /** Bytes that the tables take. */
  long bytes() {
    return tables.values().stream()
        .mapToLong(table -> (long) table.keys.length * PLACE_BYTES)
        .sum();
  }

  /** Shows all, in the order of their numbers. */
  void forEach(Check check, Visitor visitor) throws java.io.IOException {
    for (long group : tables.keySet()) {
      int[] keys = tables.get(group).keys.clone();
      Arrays.sort(keys);
      for (int key : keys) {
        long number = geometry.groupStart(group) + key - 1;
        if (key != 0 && contains(number)) {
          visitor.inode(new InodeInfo(check, number, null, null));
        }
      }
    }
  }

  private Table table(long number) {
    return tables.get(geometry.groupOf(number));
  }

  /** Type bits of its mode. */
  int type(long number) {
    Table table = table(number);
    return (table.flags[table.place(key(number))] & TYPE) << TYPE_SHIFT;
  }

  void type(long number, int mode) {
    Table table = table(number);
    int place = table.place(key(number));
    table.flags[place] = (byte) (table.flags[place] & ~TYPE | mode >>> TYPE_SHIFT & TYPE);
  }

  int linkCount(long number) {
    Table table = table(number);
    return table.linkCounts[table.place(key(number))];
  }

  void linkCount(long number, int value) {
    Table table = table(number);
    table.linkCounts[table.place(key(number))] = value;
  }

  /** Names that lead to it; of a directory: its subdirectories. */
  int count(long number) {
    Table table = table(number);
    return table.counts[table.place(key(number))];
  }

  void raiseCount(long number) {
    Table table = table(number);
    table.counts[table.place(key(number))]++;
  }

  /** Number of the directory that it was found in first, 0: of none. */
  long parent(long number) {
    Table table = table(number);
    return table.parents[table.place(key(number))];
  }

  void parent(long number, long parent) {
    Table table = table(number);
    table.parents[table.place(key(number))] = parent;
  }

  boolean isNamed(long number) {
    return has(number, NAMED);
  }

  void named(long number) {
    set(number, NAMED);
  }

  boolean isSystem(long number) {
    return has(number, SYSTEM);
  }

  void system(long number) {
    set(number, SYSTEM);
  }

  private boolean has(long number, int flag) {
    Table table = table(number);
    return (table.flags[table.place(key(number))] & flag) != 0;
  }

  private void set(long number, int flag) {
    Table table = table(number);
    table.flags[table.place(key(number))] |= (byte) flag;
  }
}
