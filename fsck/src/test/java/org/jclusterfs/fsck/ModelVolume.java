package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;

/**
 * A dumb model of a filesystem beside the real one: each operation changes the model first and is
 * then carried out, so that the model knows every state that a crash may leave.
 */
final class ModelVolume {
  private static final int MODE_KEEP_SIZE = 1;
  private static final int MODE_PUNCH_HOLE = 2;
  private static final int EXCHANGE = 2;
  private static final int LARGEST = 300_000;

  /** Operations in turn, by their weights. */
  private static final String OPERATIONS = "ccccccwwwwwwaaatttmmrrrrRxulluuuddssXXXfpyyyyDSZoOk";

  private final Random random;
  private final List<MountedVolume> nodes;
  private final ModelInode root = new ModelInode(ModelInode.Type.DIRECTORY, 0);
  private final List<ModelInode> directories = new ArrayList<>(List.of(root));
  private final List<ModelInode> opened = new ArrayList<>();
  private final List<OpenFile> handles = new ArrayList<>();
  private final List<MountedVolume> openers = new ArrayList<>();
  private final Map<Long, ModelInode> inodes = new HashMap<>();
  private final List<String> history = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private int operation;
  private int durable;
  private int names;

  /** A model of what the nodes that have one volume mounted do together. */
  ModelVolume(Random random, long lostFound, List<MountedVolume> nodes) {
    this.random = random;
    this.nodes = nodes;
    ModelInode lost = new ModelInode(ModelInode.Type.DIRECTORY, 0);
    root.children.put("lost+found", lost);
    root.links = 3;
    lost.number = lostFound;
    lost.parent = root;
    history.add(namespace());
  }

  ModelInode root() {
    return root;
  }

  /** Every inode that was ever made; of a number used again the last one with it. */
  Map<Long, ModelInode> byNumber() {
    return inodes;
  }

  /** The last operations, for people. */
  String recent() {
    return String.join("\n", log.subList(Math.max(0, log.size() - 40), log.size()));
  }

  /** Namespaces from the last durable one on to the newest. */
  List<String> possible() {
    return history.subList(durable, history.size());
  }

  /** One random operation on the model and on one of the nodes. */
  void step() throws FsException {
    MountedVolume volume = nodes.get(random.nextInt(nodes.size()));
    operation++;
    char what = OPERATIONS.charAt(random.nextInt(OPERATIONS.length()));
    switch (what) {
      case 'c' -> create(volume);
      case 'w', 'a' -> write(volume, what == 'a');
      case 't' -> truncate(volume);
      case 'm' -> makeDirectory(volume);
      case 'r', 'R', 'x' -> rename(volume, what == 'x');
      case 'l' -> link(volume);
      case 'u', 'd' -> remove(volume);
      case 's' -> symlink(volume);
      case 'X' -> xattr(volume);
      case 'f', 'p' -> allocate(volume, what == 'p');
      case 'y' -> sync();
      case 'D' -> syncDirectory();
      case 'S' -> pause(1);
      case 'Z' -> pause(random.nextInt(8) == 0 ? 170 : 2);
      case 'o', 'O' -> open(volume);
      default -> close();
    }
    if (history.size() <= operation) {
      record("nothing");
    }
  }

  private static void pause(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The model was changed: what comes next is carried out for real. */
  private void record(String text) {
    log.add(operation + " " + text);
    history.add(namespace());
  }

  private ModelInode directory() {
    return directories.get(random.nextInt(directories.size()));
  }

  private String freshName() {
    int length = random.nextInt(10) == 0 ? 200 : random.nextInt(4) == 0 ? 40 : 0;
    return "n" + names++ + "-" + "x".repeat(length);
  }

  private record Name(ModelInode directory, String name, ModelInode inode) {}

  private Name anyName() {
    for (int attempt = 0; attempt < 8; attempt++) {
      ModelInode directory = directory();
      if (!directory.children.isEmpty()) {
        List<String> all = new ArrayList<>(directory.children.keySet());
        String name = all.get(random.nextInt(all.size()));
        if (!name.equals("lost+found")) {
          return new Name(directory, name, directory.children.get(name));
        }
      }
    }
    return null;
  }

  private Name anyFile() {
    for (int attempt = 0; attempt < 8; attempt++) {
      Name name = anyName();
      if (name != null && name.inode.type == ModelInode.Type.FILE) {
        return name;
      }
    }
    return null;
  }

  private void create(MountedVolume volume) throws FsException {
    ModelInode parent = directory();
    String name = freshName();
    ModelInode made = new ModelInode(ModelInode.Type.FILE, operation);
    parent.children.put(name, made);
    parent.lastChange = operation;
    record("create " + name);
    OpenFile file = volume.create(parent.number, name);
    made.number = file.inode();
    inodes.put(made.number, made);
    volume.close(file);
    if (random.nextBoolean()) {
      operation++;
      writeTo(volume, made, 0, random.nextInt(3) == 0 ? 3000 : random.nextInt(20_000));
    }
  }

  private void write(MountedVolume volume, boolean append) throws FsException {
    Name file = anyFile();
    if (file == null) {
      return;
    }
    int size = file.inode.content().length;
    int offset =
        append
            ? size
            : random.nextInt(6) == 0 ? random.nextInt(LARGEST / 2) : random.nextInt(size + 1);
    int most = random.nextInt(5) == 0 ? 100_000 : 9000;
    writeTo(volume, file.inode, offset, 1 + random.nextInt(Math.min(most, LARGEST - size / 2)));
  }

  private void writeTo(MountedVolume volume, ModelInode inode, int offset, int length)
      throws FsException {
    byte[] data = CrashOperation.withoutZeros(random, length);
    byte[] content = inode.content();
    byte[] changed = Arrays.copyOf(content, Math.max(content.length, offset + length));
    System.arraycopy(data, 0, changed, offset, length);
    inode.content(operation, changed);
    record("write " + inode.number + " " + offset + "+" + length);
    OpenFile file = volume.open(inode.number);
    int written = volume.write(file, offset, data);
    volume.close(file);
    if (written != length) {
      throw new AssertionError("only " + written + " of " + length + " bytes written");
    }
  }

  private void truncate(MountedVolume volume) throws FsException {
    Name file = anyFile();
    if (file == null) {
      return;
    }
    int size = file.inode.content().length;
    int wanted = random.nextInt(3) == 0 ? 0 : random.nextInt(size + 5000);
    file.inode.content(operation, Arrays.copyOf(file.inode.content(), wanted));
    record("truncate " + file.inode.number + " " + size + " to " + wanted);
    volume.truncate(file.inode.number, wanted);
  }

  private void makeDirectory(MountedVolume volume) throws FsException {
    ModelInode parent = directory();
    String name = freshName();
    ModelInode made = new ModelInode(ModelInode.Type.DIRECTORY, operation);
    made.parent = parent;
    parent.children.put(name, made);
    parent.links++;
    parent.lastChange = operation;
    directories.add(made);
    record("mkdir " + name);
    made.number = volume.makeDirectory(parent.number, name);
  }

  private void symlink(MountedVolume volume) throws FsException {
    ModelInode parent = directory();
    String name = freshName();
    ModelInode made = new ModelInode(ModelInode.Type.SYMLINK, operation);
    made.target = "t".repeat(1 + random.nextInt(random.nextInt(4) == 0 ? 3800 : 60));
    parent.children.put(name, made);
    parent.lastChange = operation;
    record("symlink " + name);
    made.number = volume.symlink(parent.number, name, made.target);
  }

  private void rename(MountedVolume volume, boolean exchange) throws FsException {
    Name from = anyName();
    Name over = exchange || random.nextInt(3) == 0 ? anyName() : null;
    if (from == null || exchange && over == null) {
      return;
    }
    ModelInode to = over != null ? over.directory : directory();
    String name = over != null ? over.name : freshName();
    ModelInode moved = from.inode;
    ModelInode other = over == null ? null : over.inode;
    boolean movedDirectory = moved.type == ModelInode.Type.DIRECTORY;
    boolean otherDirectory = other != null && other.type == ModelInode.Type.DIRECTORY;
    if (moved == other
        || movedDirectory && to.isBelow(moved)
        || otherDirectory && from.directory.isBelow(other)) {
      return;
    }
    if (!exchange && other != null) {
      if (movedDirectory != otherDirectory || !other.children.isEmpty()) {
        return;
      }
      forget(to, name, other);
    }
    from.directory.children.remove(from.name);
    to.children.put(name, moved);
    moved.relink(operation, from.directory, to);
    if (exchange) {
      from.directory.children.put(from.name, other);
      other.relink(operation, to, from.directory);
    }
    from.directory.lastChange = operation;
    to.lastChange = operation;
    record((exchange ? "exchange " : "rename ") + from.name + " " + name);
    volume.rename(from.directory.number, from.name, to.number, name, exchange ? EXCHANGE : 0);
  }

  private void forget(ModelInode parent, String name, ModelInode inode) {
    inode.unlinked(operation, parent, name);
    directories.remove(inode);
  }

  private void link(MountedVolume volume) throws FsException {
    Name file = anyFile();
    if (file == null) {
      return;
    }
    ModelInode to = directory();
    String name = freshName();
    to.children.put(name, file.inode);
    to.lastChange = operation;
    file.inode.links++;
    file.inode.lastChange = operation;
    record("link " + file.name + " " + name);
    volume.link(file.inode.number, to.number, name);
  }

  private void remove(MountedVolume volume) throws FsException {
    Name name = anyName();
    if (name == null || !name.inode.children.isEmpty()) {
      return;
    }
    forget(name.directory, name.name, name.inode);
    record("remove " + name.name + " of " + name.inode.number);
    if (name.inode.type == ModelInode.Type.DIRECTORY) {
      volume.removeDirectory(name.directory.number, name.name);
    } else {
      volume.unlink(name.directory.number, name.name);
    }
  }

  private void xattr(MountedVolume volume) throws FsException {
    Name name = anyName();
    if (name == null || name.inode.type == ModelInode.Type.SYMLINK) {
      return;
    }
    String attribute = "user.a" + random.nextInt(4);
    boolean remove = name.inode.xattrs.containsKey(attribute) && random.nextInt(3) == 0;
    int length = random.nextInt(random.nextInt(4) == 0 ? 20_000 : 100);
    byte[] value = CrashOperation.withoutZeros(random, length);
    name.inode.lastChange = operation;
    if (remove) {
      name.inode.xattrs.remove(attribute);
      record("removexattr " + name.inode.number + " " + attribute);
      volume.vfs.removeXattr(InodeId.ofNumber(name.inode.number), MountedVolume.bytes(attribute));
    } else {
      name.inode.xattrs.put(attribute, value);
      record("setxattr " + name.inode.number + " " + attribute + " " + value.length);
      volume.vfs.setXattr(
          InodeId.ofNumber(name.inode.number), MountedVolume.bytes(attribute), value, 0);
    }
  }

  private void allocate(MountedVolume volume, boolean punch) throws FsException {
    Name file = anyFile();
    if (file == null) {
      return;
    }
    byte[] content = file.inode.content().clone();
    int offset = random.nextInt(content.length + 10_000);
    int length = 1 + random.nextInt(40_000);
    if (punch) {
      Arrays.fill(
          content,
          Math.min(offset, content.length),
          Math.min(offset + length, content.length),
          (byte) 0);
    } else {
      content = Arrays.copyOf(content, Math.max(content.length, offset + length));
    }
    int lastChange = file.inode.lastChange;
    boolean longer = content.length > file.inode.content().length;
    file.inode.content(operation, content);
    // Where there was nothing to do, no transaction was made.
    file.inode.lastChange = longer ? operation : lastChange;
    record((punch ? "punch " : "allocate ") + file.inode.number + " " + offset + "+" + length);
    OpenFile handle = volume.open(file.inode.number);
    volume.vfs.allocate(handle, punch ? MODE_PUNCH_HOLE | MODE_KEEP_SIZE : 0, offset, length);
    volume.close(handle);
  }

  private void sync() throws FsException {
    Name file = anyFile();
    if (file != null) {
      record("fsync " + file.inode.number);
      for (MountedVolume node : nodes) {
        node.vfs.sync(file.inode.number, false);
      }
      file.inode.synced();
      durable = Math.max(durable, file.inode.lastChange);
    }
  }

  private void syncDirectory() throws FsException {
    ModelInode directory = directory();
    record("fsync directory " + directory.number);
    for (MountedVolume node : nodes) {
      node.vfs.sync(directory.number, false);
    }
    durable = Math.max(durable, directory.lastChange);
  }

  private void open(MountedVolume volume) throws FsException {
    Name file = anyFile();
    if (file != null && handles.size() < 5) {
      record("open " + file.inode.number);
      handles.add(volume.open(file.inode.number));
      opened.add(file.inode);
      openers.add(volume);
    }
  }

  private void close() throws FsException {
    if (!handles.isEmpty()) {
      MountedVolume volume = openers.remove(0);
      record("close " + opened.get(0).number);
      OpenFile file = handles.remove(0);
      ModelInode inode = opened.remove(0);
      byte[] found = volume.read(file, 0, LARGEST * 2);
      if (!Arrays.equals(found, inode.content())) {
        throw new AssertionError("open file " + inode.number + " has other content");
      }
      volume.close(file);
    }
  }

  /** One line per inode, sorted by path: all that is right or wrong as of one transaction. */
  private String namespace() {
    StringBuilder out = new StringBuilder();
    describe(out, "", root);
    return out.toString();
  }

  private static void describe(StringBuilder out, String path, ModelInode inode) {
    ModelInode.line(out, path, inode.type, inode.links, inode.target, inode.xattrs, null);
    for (Map.Entry<String, ModelInode> child : inode.children.entrySet()) {
      describe(out, path + "/" + child.getKey(), child.getValue());
    }
  }
}
