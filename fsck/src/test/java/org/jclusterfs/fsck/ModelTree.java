package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Knows what each operation of a sequence does, and every state of the tree that the sequence goes
 * through. An operation that makes no sense as things are throws {@link NotApplicable} and changes
 * nothing.
 */
final class ModelTree implements CrashTree {
  private static final int BLOCK = 4096;

  /** The operation would fail. */
  static final class NotApplicable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotApplicable(String why) {
      super(why, null, false, false);
    }
  }

  /**
   * The tree after an operation.
   *
   * @param lines all of it but the files' content
   * @param files by path
   */
  record Snapshot(String lines, Map<String, ModelInode> files) {}

  private final ModelInode root = new ModelInode(ModelInode.Type.DIRECTORY, 0);
  private final List<Snapshot> snapshots = new ArrayList<>();
  private int operation;
  private int durable;
  private boolean partialWrites;
  private boolean left;

  ModelTree() {
    makeDirectory("/lost+found");
    snapshots.add(snapshot());
  }

  /** What was done so far is where the run begins, and durable. */
  void settle() {
    snapshots.clear();
    snapshots.add(snapshot());
  }

  /** The next operation begins; its number. */
  int begin() {
    return ++operation;
  }

  /** The operation has been applied. */
  void end() {
    snapshots.add(snapshot());
  }

  /** The operation made no sense. */
  void undo() {
    operation--;
  }

  /** States from the first one on, by operation number. */
  List<Snapshot> snapshots() {
    return snapshots;
  }

  /** The state after the last operation. */
  Snapshot newest() {
    return snapshots.get(snapshots.size() - 1);
  }

  /** Number of the newest operation that is durable with all before it. */
  int durable() {
    return durable;
  }

  private static NotApplicable not(String why) {
    return new NotApplicable(why);
  }

  private ModelInode find(String path) {
    ModelInode at = root;
    for (String name : path.split("/")) {
      if (!name.isEmpty()) {
        at = at.children.get(name);
        if (at == null) {
          throw not(path);
        }
      }
    }
    return at;
  }

  private ModelInode file(String path) {
    ModelInode found = find(path);
    if (found.type != ModelInode.Type.FILE) {
      throw not(path);
    }
    return found;
  }

  private ModelInode parent(String path) {
    ModelInode parent = find(path.substring(0, path.lastIndexOf('/')));
    if (parent.type != ModelInode.Type.DIRECTORY) {
      throw not(path);
    }
    return parent;
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private ModelInode make(String path, ModelInode.Type type) {
    ModelInode parent = parent(path);
    if (parent.children.containsKey(name(path))) {
      throw not(path);
    }
    ModelInode made = new ModelInode(type, operation);
    made.parent = parent;
    parent.children.put(name(path), made);
    parent.lastChange = operation;
    return made;
  }

  /**
   * Whether a write that begins within a block ends with it, and a truncation with the last whole
   * block that it frees. The rest of that block is a transaction of its own, and neither write(2)
   * nor truncate(2) is atomic over a crash.
   */
  void partialWrites(boolean partial) {
    partialWrites = partial;
    left = false;
  }

  /** Whether since then anything was left out. */
  boolean leftSomething() {
    return left;
  }

  @Override
  public void create(String path) {
    make(path, ModelInode.Type.FILE);
  }

  @Override
  public void write(String path, Integer offset, byte[] data) {
    ModelInode inode = file(path);
    byte[] content = inode.content();
    int at = offset == null ? content.length : offset;
    int length = data.length;
    if (partialWrites && at % BLOCK != 0) {
      length = Math.min(length, BLOCK - at % BLOCK);
      left |= length < data.length;
    }
    byte[] changed = Arrays.copyOf(content, Math.max(content.length, at + length));
    System.arraycopy(data, 0, changed, at, length);
    inode.content(operation, changed);
  }

  @Override
  public void truncate(String path, int size) {
    ModelInode inode = file(path);
    byte[] content = inode.content();
    int whole = (size + BLOCK - 1) / BLOCK * BLOCK;
    boolean part = partialWrites && whole < content.length && whole > size;
    left |= part;
    inode.content(operation, Arrays.copyOf(content, part ? whole : size));
  }

  @Override
  public void rename(String from, String to, boolean exchange) {
    ModelInode source = parent(from);
    ModelInode target = parent(to);
    ModelInode moved = find(from);
    ModelInode other = target.children.get(name(to));
    boolean directory = moved.type == ModelInode.Type.DIRECTORY;
    boolean otherDirectory = other != null && other.type == ModelInode.Type.DIRECTORY;
    if (moved == other
        || directory && target.isBelow(moved)
        || otherDirectory && source.isBelow(other)
        || exchange && other == null
        || !exchange
            && other != null
            && (directory != otherDirectory || !other.children.isEmpty())) {
      throw not(from + " to " + to);
    }
    source.children.remove(name(from));
    if (!exchange && other != null) {
      other.unlinked(operation, target, name(to));
    }
    target.children.put(name(to), moved);
    moved.relink(operation, source, target);
    if (exchange) {
      source.children.put(name(from), other);
      other.relink(operation, target, source);
    }
    source.lastChange = operation;
    target.lastChange = operation;
  }

  @Override
  public void whiteOut(String from, String to) {
    rename(from, to, false);
    make(from, ModelInode.Type.DEVICE);
  }

  @Override
  public void linkUnnamed(String path, byte[] data) {
    make(path, ModelInode.Type.FILE).content(operation, data);
  }

  @Override
  public void openUnnamed(String directory, byte[] data) {
    if (find(directory).type != ModelInode.Type.DIRECTORY) {
      throw not(directory);
    }
  }

  @Override
  public void link(String path, String name) {
    ModelInode inode = find(path);
    ModelInode parent = parent(name);
    if (inode.type == ModelInode.Type.DIRECTORY || parent.children.containsKey(name(name))) {
      throw not(name);
    }
    parent.children.put(name(name), inode);
    parent.lastChange = operation;
    inode.links++;
    inode.lastChange = operation;
  }

  @Override
  public void unlink(String path) {
    ModelInode inode = find(path);
    if (inode.type == ModelInode.Type.DIRECTORY) {
      throw not(path);
    }
    inode.unlinked(operation, parent(path), name(path));
  }

  @Override
  public void makeDirectory(String path) {
    make(path, ModelInode.Type.DIRECTORY);
    parent(path).links++;
  }

  @Override
  public void removeDirectory(String path) {
    ModelInode inode = find(path);
    if (inode.type != ModelInode.Type.DIRECTORY || !inode.children.isEmpty() || inode == root) {
      throw not(path);
    }
    inode.unlinked(operation, parent(path), name(path));
  }

  @Override
  public void allocate(String path, boolean punch, boolean keepSize, int offset, int length) {
    ModelInode inode = file(path);
    byte[] content = inode.content().clone();
    if (punch) {
      int from = Math.min(offset, content.length);
      Arrays.fill(content, from, Math.min(offset + length, content.length), (byte) 0);
    } else if (!keepSize) {
      content = Arrays.copyOf(content, Math.max(content.length, offset + length));
    }
    // Where there was nothing to do, no transaction was made, and a sync has nothing to wait for.
    if (!Arrays.equals(content, inode.content())) {
      inode.content(operation, content);
    }
  }

  @Override
  public void zero(String path, boolean keepSize, int offset, int length) {
    allocate(path, true, true, offset, length);
    allocate(path, false, keepSize, offset, length);
  }

  @Override
  public void copy(String source, int from, String target, int at, int length) {
    byte[] content = file(source).content();
    if (content.length < from + length) {
      throw not(source);
    }
    write(target, at, Arrays.copyOfRange(content, from, from + length));
  }

  @Override
  public void setXattr(String path, String name, byte[] value) {
    ModelInode inode = find(path);
    inode.xattrs.put(name, value);
    inode.lastChange = operation;
  }

  @Override
  public void removeXattr(String path, String name) {
    ModelInode inode = find(path);
    if (inode.xattrs.remove(name) == null) {
      throw not(path);
    }
    inode.lastChange = operation;
  }

  @Override
  public void symlink(String path, String target) {
    make(path, ModelInode.Type.SYMLINK).target = target;
  }

  @Override
  public void makeFifo(String path) {
    make(path, ModelInode.Type.FIFO);
  }

  @Override
  public void open(String path) {
    file(path);
  }

  @Override
  public void sync(String path, boolean dataOnly) {
    ModelInode inode = find(path);
    durable = Math.max(durable, dataOnly ? inode.lastContentChange() : inode.lastChange);
  }

  @Override
  public void syncAll() {
    durable = operation;
  }

  @Override
  public void comeToRest() {
    // Nothing that can be seen changes.
  }

  private Snapshot snapshot() {
    StringBuilder out = new StringBuilder();
    Map<String, ModelInode> files = new TreeMap<>();
    describe(out, "", root, files);
    return new Snapshot(out.toString(), files);
  }

  private static void describe(
      StringBuilder out, String path, ModelInode inode, Map<String, ModelInode> files) {
    boolean isFile = inode.type == ModelInode.Type.FILE;
    ModelInode.line(
        out, path, inode.type, inode.links, inode.target, inode.xattrs, inode.content().length);
    if (isFile) {
      files.put(path, inode);
    }
    for (Map.Entry<String, ModelInode> child : inode.children.entrySet()) {
      describe(out, path + "/" + child.getKey(), child.getValue(), files);
    }
  }
}
