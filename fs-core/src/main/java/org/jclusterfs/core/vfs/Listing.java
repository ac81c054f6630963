package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.dlm.LockMode;

/** Lists directories. Cookies 1 and 2 stand behind "." and ".."; those of names begin at 16. */
final class Listing {
  private static final byte[] DOT = ".".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DOT_DOT = "..".getBytes(StandardCharsets.US_ASCII);
  private static final int TYPE = FileTypes.DIRECTORY >> 12;

  // Entries whose attributes are got together.
  private static final int BATCH = 256;

  private final VolumeState volume;
  private final ChildPrefetch prefetch;

  Listing(VolumeState volume, ChildPrefetch prefetch) {
    this.volume = volume;
    this.prefetch = prefetch;
  }

  void list(OpenFile file, long cookie, boolean attributes, DirectorySink sink)
      throws FsException, IOException, LockUnavailableException {
    try (HeldInode directory = HeldInode.acquirePinning(volume, file.inode(), LockMode.PR);
        ListedChildren children = new ListedChildren(volume, prefetch)) {
      DirectoryTree entries = directory.entries();
      long number = directory.number();
      boolean root = number == volume.root();
      long parent = root ? number : InodeBlock.parent(directory.buffer());
      boolean room = cookie >= 1 || sink.accept(DOT, number, TYPE, 1, null);
      room = room && (cookie >= 2 || sink.accept(DOT_DOT, parent, TYPE, 2, null));
      directory.inode().listed(true);
      volume.accessTimes().read(volume, number, directory.buffer(), file.flags());
      long after = Math.max(cookie, 2);
      if (room && attributes) {
        listWithAttributes(directory, children, after, sink);
      } else if (room) {
        entries.list(after, e -> sink.accept(e.name(), e.inode(), e.type(), e.cookie(), null));
      }
      sink.end();
    }
  }

  private void listWithAttributes(
      HeldInode directory, ListedChildren children, long after, DirectorySink sink)
      throws FsException, IOException, LockUnavailableException {
    for (long from = after; ; ) {
      List<DirectoryTree.Entry> batch = new ArrayList<>();
      int most = Math.min(BATCH, sink.room());
      boolean all =
          directory
              .entries()
              .list(
                  from,
                  entry -> {
                    batch.add(entry);
                    return batch.size() < most;
                  });
      children.hold(directory, batch.stream().filter(e -> sink.wants(e.inode())).toList());
      for (DirectoryTree.Entry entry : batch) {
        if (!offer(entry, directory, children, sink)) {
          return;
        }
        from = entry.cookie();
      }
      if (all || most == 0) {
        return;
      }
    }
  }

  private static boolean offer(
      DirectoryTree.Entry entry, HeldInode directory, ListedChildren children, DirectorySink sink) {
    HeldAttributes child = children.get(entry.inode());
    Attributes told = child == null ? null : child.attributes();
    if (!sink.accept(entry.name(), entry.inode(), entry.type(), entry.cookie(), told)) {
      return false;
    }
    if (told != null) {
      child.inode().lookups().incrementAndGet();
      child.inode().foundIn(directory.number());
    }
    return true;
  }
}
