package org.jclusterfs.core.vfs;

import java.io.IOException;
import org.jclusterfs.core.cluster.LockCallbacks;
import org.jclusterfs.core.format.InodeValue;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/** What happens when an inode's lock is given away: its changes go out, every cache of it goes. */
final class InodeCallbacks implements LockCallbacks {
  private final VolumeState volume;

  InodeCallbacks(VolumeState volume) {
    this.volume = volume;
  }

  @Override
  public void syncMany() throws IOException {
    volume.transactions().journal().writeBackAll();
  }

  @Override
  public void sync(LockName name, LockMode to) throws IOException {
    Inode inode = volume.inodes().peek(name.id());
    if (inode != null) {
      // The commit writes the data beside the log; what it did not know of follows.
      volume.transactions().journal().writeBack(inode.scope().tag());
      inode.data().sync();
    }
  }

  @Override
  public boolean invalidate(LockName name, LockMode from, LockMode to) {
    Inode inode = volume.inodes().peek(name.id());
    if (inode == null) {
      return false;
    }
    volume.accessTimes().lockGoes(name.id());
    if (from == LockMode.EX && inode.kernelMayHavePages()
        || to == LockMode.NL && kernelKnows(inode)) {
      dropFromKernel(inode, to);
    }
    // Dirty pages of a mapping may have come back meanwhile.
    return inode.data().isDirty()
        || !volume.transactions().journal().isWrittenBack(inode.scope().tag());
  }

  @Override
  public void forget(LockName name, LockMode to) {
    Inode inode = volume.inodes().peek(name.id());
    if (inode != null && to == LockMode.NL) {
      inode.drop();
    }
  }

  /** The root is never looked up: the kernel knows it from the mount on. */
  private boolean kernelKnows(Inode inode) {
    return inode.lookups().get() > 0 || inode.number() == volume.root();
  }

  private void dropFromKernel(Inode inode, LockMode to) {
    KernelCaches kernel = volume.kernel().caches();
    boolean pages = inode.kernelMayHavePages();
    inode.kernelDropsPages();
    kernel.invalidateInode(inode.number(), !pages);
    if (to == LockMode.NL && inode.mayBeDirectory()) {
      kernel.invalidateNamesOf(inode.number());
    }
  }

  @Override
  public byte[] value(LockName name) {
    Inode inode = volume.inodes().peek(name.id());
    MetaBlock block = inode == null ? null : inode.cachedBlock();
    return block == null ? null : InodeValue.pack(block.buffer());
  }

  @Override
  public boolean busy(LockName name) {
    Inode inode = volume.inodes().peek(name.id());
    return inode != null && inode.modified();
  }
}
