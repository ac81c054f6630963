package org.jclusterfs.mount;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.RangeLocks.Range;
import org.jclusterfs.core.status.ClusterStatus;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.core.vfs.AttributeChange;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Caller;
import org.jclusterfs.core.vfs.DirectorySink;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.KernelCaches;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Reply;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.vfs.VolumeStatistics;

/** A filesystem in memory under one big lock. What a test looks at is public. */
public final class FakeVfs implements Vfs {
  private static final int S_IFMT = 0170000;
  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;
  private static final int S_IFLNK = 0120000;
  private static final int O_APPEND = 02000;
  private static final int O_TRUNC = 01000;
  private static final int O_EXCL = 0200;
  private static final long ROOT = 16;

  /** The kernel's caches, as the binding gave them. */
  public volatile KernelCaches caches = KernelCaches.NONE;

  /** Whether {@link #close()} ran. */
  public volatile boolean closed;

  /** How long {@link #close()} takes. */
  public volatile long closeMillis;

  /** Calls by name. */
  public final Map<String, Integer> calls = new HashMap<>();

  private final Map<Long, Inode> inodes = new HashMap<>();
  private long nextInode = 100;

  /** What {@link #status()} tells. */
  public volatile MountStatus status =
      new MountStatus(
          "fake:volume",
          "00000000-0000-0000-0000-000000000000",
          "fake",
          false,
          List.of(),
          new ClusterStatus(true, 0, null, 1, 15_000, 10_000, 2_000, "none", 0, List.of()),
          List.of(),
          List.of(),
          Map.of());

  @Override
  public MountStatus status() {
    return status;
  }

  /** An empty filesystem. */
  public FakeVfs() {
    Inode root = new Inode(ROOT, S_IFDIR | 0755, 0, 0);
    root.links = 2;
    root.parent = ROOT;
    inodes.put(ROOT, root);
  }

  private static final class Inode {
    final long number;
    long generation = 7;
    int mode;
    int uid;
    int gid;
    int links = 1;
    int major;
    int minor;
    int flags;
    byte[] data = new byte[0];
    int size;
    long parent;
    Instant atime = Instant.now();
    Instant mtime = atime;
    Instant ctime = atime;
    final Instant btime = atime;
    final TreeMap<String, Long> names = new TreeMap<>();
    final Map<String, byte[]> xattrs = new TreeMap<>();
    final List<Range> ranges = new ArrayList<>();
    final Map<Long, FlockMode> flocks = new HashMap<>();

    Inode(long number, int mode, int uid, int gid) {
      this.number = number;
      this.mode = mode;
      this.uid = uid;
      this.gid = gid;
    }

    boolean directory() {
      return (mode & S_IFMT) == S_IFDIR;
    }

    boolean clearSetId() {
      int before = mode;
      mode &= (mode & 010) != 0 ? ~06000 : ~04000;
      return mode != before;
    }

    void resize(int newSize) {
      if (newSize > data.length) {
        data = Arrays.copyOf(data, Math.max(newSize, data.length * 2));
      } else if (newSize < size) {
        Arrays.fill(data, newSize, size, (byte) 0);
      }
      size = newSize;
      mtime = Instant.now();
      ctime = mtime;
    }

    Attributes attributes() {
      return new Attributes(
          number,
          generation,
          mode,
          links,
          uid,
          gid,
          major,
          minor,
          size,
          (size + 511) / 512,
          atime,
          mtime,
          ctime,
          btime,
          flags,
          true);
    }
  }

  private record Handle(long inode, int flags) implements OpenFile {
    @Override
    public boolean keepCache() {
      return true;
    }

    @Override
    public boolean directIo() {
      return (flags & 3) != 0;
    }
  }

  private final Set<String> held = new HashSet<>();
  private final Set<String> holding = new HashSet<>();

  /** Operations of this name wait from now on, as for another node's lock. */
  public synchronized void hold(String name) {
    held.add(name);
  }

  /** Whether one of them has come. */
  public synchronized boolean isHolding(String name) {
    return holding.contains(name);
  }

  /** What waits goes on. */
  public synchronized void letGo() {
    held.clear();
    notifyAll();
  }

  private void called(String name) {
    calls.merge(name, 1, Integer::sum);
    while (held.contains(name)) {
      holding.add(name);
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** How often an operation was called. */
  public synchronized int count(String name) {
    return calls.getOrDefault(name, 0);
  }

  /** Changes a file behind the kernel's back, as another node would; tells no cache. */
  public synchronized void changeRemotely(String name, String content) {
    Inode file = inodes.get(inodes.get(ROOT).names.get(name));
    byte[] bytes = content.getBytes(StandardCharsets.ISO_8859_1);
    file.resize(0);
    file.resize(bytes.length);
    System.arraycopy(bytes, 0, file.data, 0, bytes.length);
  }

  /** Removes a name of the root behind the kernel's back; a new file takes name and number. */
  public synchronized void replaceRemotely(String name, String content) {
    Inode old = inodes.get(number(name));
    Inode i = new Inode(old.number, S_IFREG | 0644, 0, 0);
    i.generation = old.generation + 1;
    i.parent = ROOT;
    inodes.put(i.number, i);
    changeRemotely(name, content);
  }

  /** Renames a name of the root behind the kernel's back. */
  public synchronized void renameRemotely(String name, String newName) {
    TreeMap<String, Long> names = inodes.get(ROOT).names;
    names.put(newName, names.remove(name));
  }

  /** The inode of a name in the root. */
  public synchronized long number(String name) {
    return inodes.get(ROOT).names.get(name);
  }

  /** Content of a file in the root. */
  public synchronized String content(String name) {
    Inode file = inodes.get(number(name));
    return new String(file.data, 0, file.size, StandardCharsets.ISO_8859_1);
  }

  private static String string(byte[] name) {
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.ISO_8859_1);
  }

  private Inode get(long inode) throws FsException {
    Inode found = inodes.get(inode);
    if (found == null) {
      throw new FsException(Failure.STALE, "inode " + inode);
    }
    return found;
  }

  private Inode get(InodeId id) throws FsException {
    Inode found = get(id.number());
    if (id.generation() != 0 && id.generation() != found.generation) {
      throw new FsException(Failure.STALE, "inode " + id);
    }
    return found;
  }

  private Inode child(Inode directory, byte[] name) throws FsException {
    Long number = directory.names.get(string(name));
    if (number == null) {
      throw new FsException(Failure.NO_ENTRY, string(name));
    }
    return get(number);
  }

  @Override
  public long root() {
    return ROOT;
  }

  @Override
  public void attach(KernelCaches kernel) {
    caches = kernel;
  }

  @Override
  public synchronized void lookup(InodeId parent, byte[] name, Reply<Attributes> reply)
      throws FsException {
    called("lookup");
    reply.accept(child(get(parent), name).attributes());
  }

  @Override
  public synchronized void forget(long inode, long references) {
    called("forget");
  }

  @Override
  public synchronized void getAttributes(InodeId inode, Reply<Attributes> reply)
      throws FsException {
    called("getAttributes");
    reply.accept(get(inode).attributes());
  }

  @Override
  public synchronized void setAttributes(
      InodeId inode, AttributeChange change, Reply<Attributes> reply) throws FsException {
    called("setAttributes");
    Inode i = get(inode);
    if (change.mode() != null) {
      i.mode = i.mode & S_IFMT | change.mode();
    }
    if (change.uid() != null) {
      i.uid = change.uid();
    }
    if (change.gid() != null) {
      i.gid = change.gid();
    }
    if (change.size() != null) {
      i.resize((int) (long) change.size());
    }
    if (change.accessTime() != null) {
      i.atime = change.accessTime() == AttributeChange.NOW ? Instant.now() : change.accessTime();
    }
    if (change.modifyTime() != null) {
      i.mtime = change.modifyTime() == AttributeChange.NOW ? Instant.now() : change.modifyTime();
    }
    if (change.clearSetId()) {
      i.clearSetId();
    }
    i.ctime = Instant.now();
    reply.accept(i.attributes());
  }

  @Override
  public synchronized void readLink(InodeId inode, Reply<byte[]> reply) throws FsException {
    Inode i = get(inode);
    reply.accept(Arrays.copyOf(i.data, i.size));
  }

  private Inode make(InodeId parent, byte[] name, int mode, Caller caller) throws FsException {
    Inode directory = get(parent);
    if (directory.names.containsKey(string(name))) {
      throw new FsException(Failure.EXISTS, string(name));
    }
    Inode i = new Inode(nextInode++, mode & ~caller.umask(), caller.uid(), caller.gid());
    if ((mode & S_IFMT) == 0) {
      i.mode |= S_IFREG;
    }
    i.parent = parent.number();
    if (i.directory()) {
      i.links = 2;
      directory.links++;
    }
    inodes.put(i.number, i);
    directory.names.put(string(name), i.number);
    directory.mtime = Instant.now();
    return i;
  }

  @Override
  public synchronized void makeNode(
      InodeId parent,
      byte[] name,
      int mode,
      int rdevMajor,
      int rdevMinor,
      Caller caller,
      Reply<Attributes> reply)
      throws FsException {
    Inode i = make(parent, name, mode, caller);
    i.major = rdevMajor;
    i.minor = rdevMinor;
    reply.accept(i.attributes());
  }

  @Override
  public synchronized void makeSymlink(
      InodeId parent, byte[] name, byte[] target, Caller caller, Reply<Attributes> reply)
      throws FsException {
    Inode i = make(parent, name, S_IFLNK | 0777, caller);
    i.data = target.clone();
    i.size = target.length;
    reply.accept(i.attributes());
  }

  @Override
  public synchronized void link(
      InodeId inode, InodeId newParent, byte[] newName, Reply<Attributes> reply)
      throws FsException {
    Inode directory = get(newParent);
    if (directory.names.putIfAbsent(string(newName), inode.number()) != null) {
      throw new FsException(Failure.EXISTS, string(newName));
    }
    get(inode).links++;
    reply.accept(get(inode).attributes());
  }

  @Override
  public synchronized void unlink(InodeId parent, byte[] name, Reply<Void> reply)
      throws FsException {
    called("unlink");
    Inode directory = get(parent);
    child(directory, name).links--;
    directory.names.remove(string(name));
    reply.accept(null);
  }

  @Override
  public synchronized void removeDirectory(InodeId parent, byte[] name, Reply<Void> reply)
      throws FsException {
    Inode directory = get(parent);
    Inode gone = child(directory, name);
    if (!gone.names.isEmpty()) {
      throw new FsException(Failure.NOT_EMPTY, string(name));
    }
    gone.links = 0;
    directory.links--;
    directory.names.remove(string(name));
    reply.accept(null);
  }

  @Override
  public synchronized void rename(
      InodeId parent,
      byte[] name,
      InodeId newParent,
      byte[] newName,
      int flags,
      Caller caller,
      Reply<Void> reply)
      throws FsException {
    Inode from = get(parent);
    Inode to = get(newParent);
    Long moved = child(from, name).number;
    Long there = to.names.get(string(newName));
    if (flags == RENAME_NOREPLACE && there != null) {
      throw new FsException(Failure.EXISTS, string(newName));
    }
    if (flags == RENAME_EXCHANGE) {
      if (there == null) {
        throw new FsException(Failure.NO_ENTRY, string(newName));
      }
      from.names.put(string(name), there);
    } else {
      from.names.remove(string(name));
      if (flags == RENAME_WHITEOUT) {
        make(parent, name, 0020000, caller);
      }
      if (there != null) {
        get(there).links--;
      }
    }
    to.names.put(string(newName), moved);
    reply.accept(null);
  }

  @Override
  public synchronized void open(InodeId inode, int flags, Reply<OpenFile> reply)
      throws FsException {
    called("open");
    if ((flags & O_TRUNC) != 0) {
      get(inode).resize(0);
      change(get(inode), flags);
    }
    reply.accept(new Handle(get(inode).number, flags));
  }

  private void change(Inode i, int flags) {
    if ((flags & CLEAR_SETID) != 0 && i.clearSetId()) {
      caches.invalidateInode(i.number, true);
    }
  }

  @Override
  public synchronized void create(
      InodeId parent, byte[] name, int mode, int flags, Caller caller, CreateReply reply)
      throws FsException {
    called("create");
    Long there = get(parent).names.get(string(name));
    if (there != null && (flags & O_EXCL) != 0) {
      throw new FsException(Failure.EXISTS, string(name));
    }
    Inode i = there != null ? get(there) : make(parent, name, mode & 07777 | S_IFREG, caller);
    if (there != null && (flags & O_TRUNC) != 0) {
      i.resize(0);
      change(i, flags);
    }
    reply.accept(i.attributes(), new Handle(i.number, flags));
  }

  @Override
  public synchronized void createUnnamed(
      InodeId parent, int mode, int flags, Caller caller, CreateReply reply) throws FsException {
    Inode i = make(parent, new byte[] {'?'}, mode & 07777 | S_IFREG, caller);
    get(parent).names.remove("?");
    i.links = 0;
    reply.accept(i.attributes(), new Handle(i.number, flags));
  }

  @Override
  public synchronized void read(
      OpenFile file, long offset, int size, boolean pinsPages, Reply<List<ByteBuffer>> reply)
      throws FsException {
    called(pinsPages ? "readPages" : "readDirect");
    Inode i = get(file.inode());
    int start = (int) Math.min(offset, i.size);
    int end = Math.min(i.size, start + size);
    reply.accept(List.of(ByteBuffer.wrap(i.data, start, end - start).slice()));
  }

  @Override
  public synchronized void write(
      OpenFile file,
      long offset,
      ByteBuffer data,
      int flags,
      boolean writeBack,
      Reply<Integer> reply)
      throws FsException {
    called(writeBack ? "writeBack" : "write");
    Inode i = get(file.inode());
    int count = data.remaining();
    int at = (flags & O_APPEND) != 0 ? i.size : (int) offset;
    int taken = writeBack ? Math.max(0, Math.min(count, i.size - at)) : count;
    change(i, writeBack ? 0 : flags);
    if (at + taken > i.size) {
      i.resize(at + taken);
    }
    data.get(i.data, at, taken);
    i.mtime = Instant.now();
    reply.accept(count);
  }

  @Override
  public synchronized void flush(OpenFile file, long lockOwner) throws FsException {
    called("flush");
    if (get(file.inode()).ranges.removeIf(r -> r.owner() == lockOwner)) {
      notifyAll();
    }
  }

  @Override
  public synchronized void release(OpenFile file, long flockOwner) throws FsException {
    called("release");
    if (flockOwner != 0 && get(file.inode()).flocks.remove(flockOwner) != null) {
      notifyAll();
    }
  }

  @Override
  public synchronized void sync(long inode, boolean dataOnly) throws FsException {
    called(dataOnly ? "syncData" : "sync");
    get(inode);
  }

  @Override
  public synchronized void readDirectory(
      OpenFile directory, long cookie, boolean attributes, DirectorySink sink) throws FsException {
    called(attributes ? "readDirectoryPlus" : "readDirectory");
    Inode d = get(directory.inode());
    List<String> names = new ArrayList<>(List.of(".", ".."));
    names.addAll(d.names.keySet());
    for (int i = (int) cookie; i < names.size(); i++) {
      Inode entry = get(i == 0 ? d.number : i == 1 ? d.parent : d.names.get(names.get(i)));
      int type = (entry.mode & S_IFMT) >> 12;
      Attributes told = attributes ? entry.attributes() : null;
      if (!sink.accept(bytes(names.get(i)), entry.number, type, i + 1, told)) {
        break;
      }
    }
    sink.end();
  }

  @Override
  public VolumeStatistics statistics() {
    return new VolumeStatistics(4096, 1000, 450, 400, 5000, 4000);
  }

  @Override
  public synchronized void getXattr(InodeId inode, byte[] name, Reply<byte[]> reply)
      throws FsException {
    called("getXattr " + string(name));
    byte[] value = get(inode).xattrs.get(string(name));
    if (value == null) {
      throw new FsException(Failure.NO_ATTRIBUTE, string(name));
    }
    reply.accept(value);
  }

  @Override
  public synchronized void setXattr(InodeId inode, byte[] name, byte[] value, int flags)
      throws FsException {
    Map<String, byte[]> all = get(inode).xattrs;
    if (flags == 1 && all.containsKey(string(name))) {
      throw new FsException(Failure.EXISTS, string(name));
    }
    if (flags == 2 && !all.containsKey(string(name))) {
      throw new FsException(Failure.NO_ATTRIBUTE, string(name));
    }
    all.put(string(name), value);
  }

  @Override
  public synchronized void listXattrs(InodeId inode, Reply<List<byte[]>> reply) throws FsException {
    reply.accept(get(inode).xattrs.keySet().stream().map(FakeVfs::bytes).toList());
  }

  @Override
  public synchronized void removeXattr(InodeId inode, byte[] name) throws FsException {
    if (get(inode).xattrs.remove(string(name)) == null) {
      throw new FsException(Failure.NO_ATTRIBUTE, string(name));
    }
  }

  @Override
  public synchronized void setFlags(InodeId inode, int mask, int flags) throws FsException {
    Inode i = get(inode);
    i.flags = i.flags & ~mask | flags & mask;
  }

  @Override
  public synchronized void allocate(OpenFile file, int mode, long offset, long length)
      throws FsException {
    if ((mode & ~CLEAR_SETID) != 0) {
      throw new FsException(Failure.NOT_SUPPORTED, "fallocate mode " + mode);
    }
    Inode i = get(file.inode());
    i.resize((int) Math.max(i.size, offset + length));
    change(i, mode);
  }

  @Override
  public synchronized long seek(OpenFile file, long offset, int whence) throws FsException {
    Inode i = get(file.inode());
    if (offset >= i.size) {
      throw new FsException(Failure.NO_SUCH_OFFSET, "offset " + offset);
    }
    return whence == 3 ? offset : i.size;
  }

  @Override
  public synchronized long copyRange(
      OpenFile source,
      long from,
      OpenFile target,
      long to,
      long length,
      int flags,
      Cancellation cancellation)
      throws FsException {
    called("copyRange");
    Inode s = get(source.inode());
    Inode t = get(target.inode());
    int n = (int) Math.max(0, Math.min(length, s.size - from));
    t.resize((int) Math.max(t.size, to + n));
    System.arraycopy(s.data, (int) from, t.data, (int) to, n);
    change(t, flags);
    return n;
  }

  @Override
  public synchronized long trim(long start, long length, long minimum, Cancellation cancellation) {
    return 12 << 20;
  }

  private interface Attempt {
    boolean succeeds() throws FsException;
  }

  private boolean await(Attempt attempt, boolean wait, Cancellation cancellation)
      throws FsException {
    boolean[] cancelled = {false};
    cancellation.onCancel(
        () -> {
          synchronized (this) {
            cancelled[0] = true;
            notifyAll();
          }
        });
    while (!attempt.succeeds()) {
      if (!wait) {
        return false;
      }
      if (cancelled[0]) {
        throw new FsException(Failure.INTERRUPTED, "cancelled");
      }
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    return true;
  }

  @Override
  public synchronized boolean lockRange(
      OpenFile file, Range range, boolean wait, Cancellation cancellation) throws FsException {
    called("lockRange");
    Inode i = get(file.inode());
    return await(
        () -> {
          if (testRange(file, range) != null) {
            return false;
          }
          i.ranges.removeIf(r -> r.owner() == range.owner() && r.start() == range.start());
          return i.ranges.add(range);
        },
        wait,
        cancellation);
  }

  @Override
  public synchronized void unlockRange(OpenFile file, long owner, long start, long end)
      throws FsException {
    get(file.inode())
        .ranges
        .removeIf(r -> r.owner() == owner && r.start() >= start && r.end() <= end);
    notifyAll();
  }

  @Override
  public synchronized Range testRange(OpenFile file, Range range) throws FsException {
    for (Range r : get(file.inode()).ranges) {
      if (r.owner() != range.owner()
          && r.start() <= range.end()
          && range.start() <= r.end()
          && (r.exclusive() || range.exclusive())) {
        return r;
      }
    }
    return null;
  }

  @Override
  public synchronized boolean flock(
      OpenFile file, long owner, FlockMode mode, boolean wait, Cancellation cancellation)
      throws FsException {
    called("flock");
    Map<Long, FlockMode> held = get(file.inode()).flocks;
    if (mode == FlockMode.UNLOCK) {
      held.remove(owner);
      notifyAll();
      return true;
    }
    return await(
        () -> {
          for (Map.Entry<Long, FlockMode> other : held.entrySet()) {
            boolean exclusive =
                mode == FlockMode.EXCLUSIVE || other.getValue() == FlockMode.EXCLUSIVE;
            if (other.getKey() != owner && exclusive) {
              return false;
            }
          }
          held.put(owner, mode);
          return true;
        },
        wait,
        cancellation);
  }

  @Override
  public void close() {
    try {
      Thread.sleep(closeMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closed = true;
  }
}
