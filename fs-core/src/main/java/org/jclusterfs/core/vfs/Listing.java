package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.dlm.LockMode;

/** Lists directories. Cookies 1 and 2 stand behind "." and ".."; those of names begin at 16. */
final class Listing {
  private static final byte[] DOT = ".".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DOT_DOT = "..".getBytes(StandardCharsets.US_ASCII);
  private static final int TYPE = FileTypes.DIRECTORY >> 12;

  private final VolumeState volume;

  Listing(VolumeState volume) {
    this.volume = volume;
  }

  void list(OpenFile file, long cookie, DirectorySink sink)
      throws FsException, IOException, LockUnavailableException {
    try (HeldInode directory = HeldInode.acquire(volume, file.inode(), LockMode.PR)) {
      DirectoryTree entries = directory.entries();
      long number = directory.number();
      boolean root = number == volume.root();
      long parent = root ? number : InodeBlock.parent(directory.buffer());
      boolean room = cookie >= 1 || sink.accept(DOT, number, TYPE, 1, null);
      room = room && (cookie >= 2 || sink.accept(DOT_DOT, parent, TYPE, 2, null));
      directory.inode().listed(true);
      if (room) {
        // Attributes are left to a lookup of their own: a listing waits for nobody's inode.
        entries.list(
            Math.max(cookie, 2), e -> sink.accept(e.name(), e.inode(), e.type(), e.cookie(), null));
      }
      sink.end();
    }
  }
}
