package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.vfs.FaultyMounts;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;

/** Carries operations on paths out on a mounted volume. */
final class RealTree implements CrashTree {
  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;
  private static final int ZERO_RANGE = 16;
  private static final int EXCHANGE = 2;
  private static final int WHITEOUT = 4;

  private final MountedVolume volume;
  private final List<OpenFile> open = new ArrayList<>();

  RealTree(MountedVolume volume) {
    this.volume = volume;
  }

  private long find(String path) throws FsException {
    long at = volume.root();
    for (String name : path.split("/")) {
      if (!name.isEmpty()) {
        at = volume.lookup(at, name);
      }
    }
    return at;
  }

  private long parent(String path) throws FsException {
    return find(path.substring(0, path.lastIndexOf('/')));
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  @Override
  public void create(String path) throws FsException {
    volume.close(volume.create(parent(path), name(path)));
  }

  @Override
  public void write(String path, Integer offset, byte[] data) throws FsException {
    long inode = find(path);
    OpenFile file = volume.open(inode);
    long at = offset == null ? volume.attributes(inode).size() : offset;
    int written = volume.write(file, at, data);
    volume.close(file);
    if (written != data.length) {
      throw new AssertionError("only " + written + " of " + data.length + " bytes written");
    }
  }

  @Override
  public void truncate(String path, int size) throws FsException {
    volume.truncate(find(path), size);
  }

  @Override
  public void rename(String from, String to, boolean exchange) throws FsException {
    volume.rename(parent(from), name(from), parent(to), name(to), exchange ? EXCHANGE : 0);
  }

  @Override
  public void whiteOut(String from, String to) throws FsException {
    volume.rename(parent(from), name(from), parent(to), name(to), WHITEOUT);
  }

  @Override
  public void linkUnnamed(String path, byte[] data) throws FsException {
    OpenFile file = volume.createUnnamed(parent(path));
    volume.write(file, 0, data);
    volume.link(file.inode(), parent(path), name(path));
    volume.close(file);
  }

  @Override
  public void openUnnamed(String directory, byte[] data) throws FsException {
    OpenFile file = volume.createUnnamed(find(directory));
    volume.write(file, 0, data);
    open.add(file);
  }

  @Override
  public void link(String path, String name) throws FsException {
    volume.link(find(path), parent(name), name(name));
  }

  @Override
  public void unlink(String path) throws FsException {
    volume.unlink(parent(path), name(path));
  }

  @Override
  public void makeDirectory(String path) throws FsException {
    volume.makeDirectory(parent(path), name(path));
  }

  @Override
  public void removeDirectory(String path) throws FsException {
    volume.removeDirectory(parent(path), name(path));
  }

  @Override
  public void allocate(String path, boolean punch, boolean keepSize, int offset, int length)
      throws FsException {
    OpenFile file = volume.open(find(path));
    int mode = punch ? PUNCH_HOLE | KEEP_SIZE : keepSize ? KEEP_SIZE : 0;
    volume.vfs.allocate(file, mode, offset, length);
    volume.close(file);
  }

  @Override
  public void zero(String path, boolean keepSize, int offset, int length) throws FsException {
    OpenFile file = volume.open(find(path));
    volume.vfs.allocate(file, keepSize ? ZERO_RANGE | KEEP_SIZE : ZERO_RANGE, offset, length);
    volume.close(file);
  }

  @Override
  public void copy(String source, int from, String target, int at, int length) throws FsException {
    OpenFile read = volume.open(find(source));
    OpenFile written = volume.open(find(target));
    long copied = volume.vfs.copyRange(read, from, written, at, length, 0, Cancellation.NEVER);
    volume.close(written);
    volume.close(read);
    if (copied != length) {
      throw new AssertionError("only " + copied + " of " + length + " bytes copied");
    }
  }

  @Override
  public void setXattr(String path, String name, byte[] value) throws FsException {
    volume.vfs.setXattr(InodeId.ofNumber(find(path)), MountedVolume.bytes(name), value, 0);
  }

  @Override
  public void removeXattr(String path, String name) throws FsException {
    volume.vfs.removeXattr(InodeId.ofNumber(find(path)), MountedVolume.bytes(name));
  }

  @Override
  public void symlink(String path, String target) throws FsException {
    volume.symlink(parent(path), name(path), target);
  }

  @Override
  public void makeFifo(String path) throws FsException {
    volume.makeFifo(parent(path), name(path));
  }

  @Override
  public void open(String path) throws FsException {
    open.add(volume.open(find(path)));
  }

  @Override
  public void sync(String path, boolean dataOnly) throws FsException {
    volume.vfs.sync(find(path), dataOnly);
  }

  @Override
  public void syncAll() throws FsException {
    syncBelow(volume.root());
  }

  @Override
  public void comeToRest() {
    try {
      FaultyMounts.comeToRest(volume.vfs);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void syncBelow(long directory) throws FsException {
    volume.vfs.sync(directory, false);
    for (Map.Entry<String, Long> entry : volume.list(directory).entrySet()) {
      int type = volume.attributes(entry.getValue()).mode() & MountedVolume.TYPE_MASK;
      if (type == MountedVolume.DIRECTORY) {
        syncBelow(entry.getValue());
      } else {
        volume.vfs.sync(entry.getValue(), false);
      }
    }
  }

  /** Ends every open that is still there. */
  void closeAll() throws FsException {
    for (OpenFile file : open) {
      volume.close(file);
    }
    open.clear();
  }
}
