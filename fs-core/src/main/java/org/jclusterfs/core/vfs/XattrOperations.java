package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.alloc.HeldGroups;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.FreedNode;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.xattr.PosixAcl;
import org.jclusterfs.core.xattr.XattrStore;
import org.jclusterfs.dlm.LockMode;

/** Extended attributes. */
final class XattrOperations {
  private static final int UNCHANGED = -1;
  private static final byte[] CAPABILITY =
      "security.capability".getBytes(StandardCharsets.US_ASCII);

  private final VolumeState volume;

  XattrOperations(VolumeState volume) {
    this.volume = volume;
  }

  private XattrStore store(HeldInode inode) {
    return store(inode.inode(), inode.block());
  }

  private XattrStore store(Inode inode, MetaBlock block) {
    return new XattrStore(block, inode.scope(), volume.store());
  }

  /** The kernel asks for any name; other filesystems have no others, and fsck knows no others. */
  private static void requireKnown(byte[] name) throws FsException {
    if (XattrStore.isNamespace(name)) {
      throw new FsException(Failure.INVALID, "attribute name that ends with its namespace");
    }
    if (!XattrStore.isKnown(name)) {
      throw new FsException(Failure.NOT_SUPPORTED, "attribute name of no known namespace");
    }
  }

  void get(InodeId id, byte[] name, Reply<byte[]> reply)
      throws FsException, IOException, LockUnavailableException {
    requireKnown(name);
    try (HeldAttributes inode = HeldAttributes.acquire(volume, id)) {
      byte[] value = inode.hasXattrs() ? store(inode.inode(), inode.block()).get(name) : null;
      if (value == null) {
        throw new FsException(Failure.NO_ATTRIBUTE, "no such attribute");
      }
      reply.accept(value);
    }
  }

  void list(InodeId id, Reply<List<byte[]>> reply)
      throws FsException, IOException, LockUnavailableException {
    try (HeldAttributes inode = HeldAttributes.acquire(volume, id)) {
      reply.accept(inode.hasXattrs() ? known(inode) : List.of());
    }
  }

  /** What could not be asked for is not listed either. */
  private List<byte[]> known(HeldAttributes inode) throws IOException {
    List<byte[]> names = store(inode.inode(), inode.block()).list();
    names.removeIf(name -> !XattrStore.isKnown(name));
    return names;
  }

  void set(InodeId id, byte[] name, byte[] value, int flags)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    requireKnown(name);
    PosixAcl list = PosixAcl.isName(name) ? Acls.given(value) : null;
    try (HeldInode inode = HeldInode.acquireUnlessFreed(volume, id, LockMode.EX)) {
      InodeFlags.requireFree(inode);
      if (list != null && Acls.isAccess(name)) {
        setAccessList(inode, name, list, flags);
      } else {
        int known = flags & (XattrStore.CREATE | XattrStore.REPLACE);
        apply(inode, store(inode).planSet(name, value, known), UNCHANGED);
      }
    }
  }

  /** The list's owner, mask and others go into the mode; a list that says no more is not kept. */
  private void setAccessList(HeldInode inode, byte[] name, PosixAcl list, int flags)
      throws FsException, IOException, LockUnavailableException {
    int mode = InodeBlock.mode(inode.buffer()) & ~Acls.PERMISSIONS | list.permissions();
    if ((flags & Vfs.XATTR_CLEAR_SETGID) != 0) {
      mode &= ~FileTypes.SETGID;
    }
    XattrStore store = store(inode);
    if (!list.isMode()) {
      apply(inode, store.planSet(name, list.bytes(), 0), mode);
    } else if (store.get(name) != null) {
      apply(inode, store.planRemove(name), mode);
    } else {
      try (Transaction tx = volume.transactions().begin(1)) {
        change(inode.modify(tx), mode);
        tx.complete();
      }
    }
  }

  void remove(InodeId id, byte[] name) throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    requireKnown(name);
    try (HeldInode inode = HeldInode.acquireUnlessFreed(volume, id, LockMode.EX)) {
      InodeFlags.requireFree(inode);
      XattrStore store = store(inode);
      // acl_delete_def_file(3): not an error where there is none.
      if (!PosixAcl.isName(name) || store.get(name) != null) {
        apply(inode, store.planRemove(name), UNCHANGED);
      }
    }
  }

  /** The content or the owner of a file held EX changes: what it was allowed as it was goes. */
  void dropCapability(HeldInode inode) throws IOException, LockUnavailableException {
    if (InodeBlock.xattrBlock(inode.buffer()) != 0 && store(inode).get(CAPABILITY) != null) {
      apply(inode, store(inode).planRemove(CAPABILITY), UNCHANGED);
    }
  }

  private void change(ByteBuffer block, int mode) {
    if (mode != UNCHANGED) {
      InodeBlock.mode(block, mode);
    }
    Timestamps.changed(block, volume.clock().instant());
  }

  private void apply(HeldInode inode, XattrStore.Change change, int mode)
      throws IOException, LockUnavailableException {
    Collection<Integer> indexes = new TreeSet<>();
    change.nodes().forEach(node -> indexes.add(volume.groups().groupOf(node.address())));
    int pieces = change.nodes().size() + change.nodesNeeded();
    // A change takes new blocks or gives some back, never both: so the lock order is kept.
    try (HeldGroup source =
            change.nodesNeeded() > 0
                ? volume.groups().reserve(inode.inode().region(), change.nodesNeeded())
                : null;
        HeldGroups held = volume.groups().holdAll(source == null ? indexes : List.of());
        Transaction tx =
            volume
                .transactions()
                .begin(
                    1
                        + change.credits()
                        + held.credits(pieces)
                        + (source == null ? 0 : source.credits(pieces)))) {
      change(inode.modify(tx), mode);
      change.apply(tx, source);
      for (FreedNode node : change.nodes()) {
        held.of(node.address()).freeMetadata(tx, node.address(), node.version());
      }
      tx.complete();
    }
  }
}
