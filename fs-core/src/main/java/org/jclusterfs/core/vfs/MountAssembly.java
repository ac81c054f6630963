package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.cluster.LockCallbacks;
import org.jclusterfs.core.cluster.LockCensus;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.inode.DataCache;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.inode.FileSpace;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.inode.InodeTable;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transactions;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.JournalArea;
import org.jclusterfs.core.volume.JournalReplay;
import org.jclusterfs.core.volume.MetadataInspector;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.JournalOptions;

/**
 * Puts a mount together, from the superblock to the running filesystem, and takes it apart again in
 * the opposite order.
 */
final class MountAssembly {
  private static final System.Logger LOG = System.getLogger(MountAssembly.class.getName());

  /** Longest time that an unmount frees unlinked inodes; the next mount goes on. */
  private static final long DRAIN_MILLIS = 3_000;

  private final BlockDevice device;
  private final ByteBuffer superblock;
  private final MountRequest request;
  private final AtomicBoolean readOnly;
  private boolean freeing;
  private final Geometry geometry;
  private final UUID uuid;
  private final JournalOptions journalOptions;
  private final Clock clock;
  private volatile Reclaimer reclaimer;
  private Journal journal;
  private Cleaner cleaner;

  MountAssembly(
      BlockDevice device,
      ByteBuffer superblock,
      MountRequest request,
      JournalOptions options,
      Clock clock) {
    this.device = device;
    this.superblock = superblock;
    this.request = request;
    this.readOnly = new AtomicBoolean(request.readOnly());
    this.clock = clock;
    this.geometry = Geometry.of(superblock);
    this.uuid = BlockHeader.volumeUuid(superblock);
    this.journalOptions = options.withInspector(new MetadataInspector(uuid));
  }

  Vfs assemble() throws IOException, MountException {
    JournalReplay replay = new JournalReplay(device, geometry, uuid, journalOptions);
    NodeMembership node =
        NodeMembership.join(device, superblock, request, replay, this::adoptAfterDeath);
    boolean up = false;
    try {
      Vfs filesystem = bringUp(node);
      up = true;
      return filesystem;
    } finally {
      if (!up) {
        giveUp(node);
      }
    }
  }

  /** The slot is freed only if its journal is clean; else it is left to be recovered. */
  private void giveUp(NodeMembership node) throws IOException {
    try {
      if (journal != null && !node.withdrawn()) {
        journal.close();
      }
    } catch (IOException e) {
      node.withdraw(e);
    } finally {
      node.close();
    }
  }

  private Vfs bringUp(NodeMembership node) throws IOException {
    int slot = node.slot();
    List<ByteBuffer> descriptors = slotDescriptors();
    journal =
        Journal.open(JournalArea.of(device, descriptors.get(slot)), uuid, slot, journalOptions);
    ClusterLocks locks = node.locks();
    MetaStore store =
        new MetaStore(device, uuid, slot, !journalOptions.leavesOut(Fault.READ_CHECKSUM));
    Transactions transactions = new Transactions(store, journal);
    ResourceGroups groups = new ResourceGroups(geometry, locks, transactions);
    FileContent content = new FileContent(transactions, groups, clock);
    VolumeState volume =
        new VolumeState(
            Superblock.rootInode(superblock),
            slot,
            descriptors.stream().mapToLong(SlotDescriptor::orphanDirectory).toArray(),
            Superblock.hashKey(superblock),
            readOnly,
            clock,
            locks,
            transactions,
            groups,
            new InodeTable(groups, new DataCache(request.cacheBytes()), device),
            content,
            new FileSpace(transactions, groups, content, clock),
            device,
            new KernelLink(),
            new AccessTimes(clock));
    registerCallbacks(volume);
    Orphans orphans = new Orphans(volume);
    reclaimer = new Reclaimer(volume, orphans);
    cleaner =
        new Cleaner(
            volume,
            request.commitMillis(),
            () -> node.withdraw(new IOException("the cleaner failed")));
    node.onWithdraw(
        cause -> {
          journal.abort(new IOException("this node withdrew: " + cause));
          dropFromKernel(volume);
        });
    node.start();
    cleaner.start();
    if (!readOnly.get()) {
      beginToFree(slot);
    }
    Failures failures =
        new Failures(
            journal::isAborted,
            broken -> {
              if (!node.withdrawn()) {
                boolean ours = broken instanceof RuntimeException;
                LOG.log(
                    System.Logger.Level.ERROR,
                    ours ? "broken invariant: " + broken : "the journal stopped: " + broken,
                    ours ? broken : null);
                node.withdraw(broken);
              }
            });
    int threshold =
        ClusterVolume.of(superblock).withThreshold(request.thresholdMillis()).thresholdMillis();
    return new FileSystem(
        volume,
        orphans,
        reclaimer,
        failures,
        threshold,
        () -> status(node),
        wanted -> setReadOnly(wanted, volume, node),
        () -> takeDown(volume, node, failures));
  }

  private void beginToFree(int slot) {
    freeing = true;
    reclaimer.start();
    // What a living node unlinked it frees itself.
    adopt(slot);
    for (int unheld : unheldSlots()) {
      adopt(unheld);
    }
  }

  /** Remounts; to read only when the kernel lets nobody write any more. */
  private synchronized void setReadOnly(boolean wanted, VolumeState volume, NodeMembership node)
      throws IOException {
    if (node.withdrawn()) {
      throw new IOException("this node has stopped");
    }
    if (readOnly.get() == wanted) {
      return;
    }
    if (wanted) {
      volume.accessTimes().writeAll();
      reclaimer.drain(DRAIN_MILLIS, unheldSlots());
      readOnly.set(true);
      journal.checkpoint();
    } else {
      readOnly.set(false);
      if (!freeing) {
        beginToFree(node.slot());
      }
    }
  }

  private MountStatus status(NodeMembership node) {
    LockCensus census = node.locks().census();
    return new MountStatus(
        device.description(),
        uuid.toString(),
        Superblock.label(superblock),
        readOnly.get(),
        device.paths(),
        node.status(),
        census.types(),
        census.contended(MountStatus.MAX_CONTENDED),
        Map.of());
  }

  /**
   * The others change from now on what the kernel has cached: its readers have to ask, and fail.
   */
  private static void dropFromKernel(VolumeState volume) {
    KernelCaches kernel = volume.kernel().caches();
    kernel.invalidateNames();
    for (Inode inode : volume.inodes().all()) {
      kernel.invalidateInode(inode.number(), false);
    }
  }

  private static void registerCallbacks(VolumeState volume) {
    ClusterLocks locks = volume.locks();
    locks.register(LockType.INODE, new InodeCallbacks(volume));
    for (LockType type :
        List.of(LockType.RENAME, LockType.OPEN, LockType.FLOCK, LockType.JOURNAL)) {
      locks.register(type, LockCallbacks.NONE);
    }
  }

  private List<ByteBuffer> slotDescriptors() throws IOException {
    int count = Superblock.slotCount(superblock);
    ByteBuffer all = BlockIo.read(device, geometry.slotBlock(0), count);
    List<ByteBuffer> descriptors = new ArrayList<>();
    for (int slot = 0; slot < count; slot++) {
      descriptors.add(
          all.slice(slot * BlockHeader.BLOCK_SIZE, BlockHeader.BLOCK_SIZE).order(all.order()));
    }
    return descriptors;
  }

  /** Slots that no node holds now; none where that cannot be found out. */
  private List<Integer> unheldSlots() {
    List<Integer> unheld = new ArrayList<>();
    try {
      List<ByteBuffer> descriptors = slotDescriptors();
      for (int slot = 0; slot < descriptors.size(); slot++) {
        ByteBuffer block = descriptors.get(slot);
        boolean sound =
            BlockHeader.check(block, SlotDescriptor.MAGIC, geometry.slotBlock(slot), uuid) == null;
        if (sound
            && SlotDescriptor.state(block) == SlotDescriptor.FREE
            && SlotDescriptor.orphanDirectory(block) != 0) {
          unheld.add(slot);
        }
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "slots cannot be read: {0}", e.getMessage());
    }
    return unheld;
  }

  /**
   * A dead node's slot was recovered: takes its orphans over, and those that the dead node had not
   * taken over yet of slots that it had recovered itself.
   */
  private void adoptAfterDeath(int slot) {
    adopt(slot);
    for (int unheld : unheldSlots()) {
      if (unheld != slot) {
        adopt(unheld);
      }
    }
  }

  /** Takes a slot's orphans over, in the background of a thread of its own. */
  private void adopt(int slot) {
    Reclaimer taker = reclaimer;
    if (taker == null || readOnly.get()) {
      return;
    }
    taker.expectAdoption();
    Thread thread =
        new Thread(
            () -> {
              try {
                taker.adopt(slot);
              } catch (IOException | LockUnavailableException | FsException e) {
                LOG.log(
                    System.Logger.Level.WARNING,
                    "orphans of slot " + slot + " stay for the next mount: " + e.getMessage());
              }
            },
            "adopt-" + slot);
    thread.setDaemon(true);
    thread.start();
  }

  private void takeDown(VolumeState volume, NodeMembership node, Failures failures)
      throws FsException {
    for (Inode inode : volume.inodes().all()) {
      LockHolder open = inode.abandonOpens();
      if (open != null) {
        open.close();
      }
    }
    if (!node.withdrawn() && !readOnly.get()) {
      volume.accessTimes().writeAll();
      reclaimer.drain(DRAIN_MILLIS, unheldSlots());
    }
    volume.accessTimes().close();
    reclaimer.close();
    cleaner.close();
    failures.run(
        () -> {
          try {
            if (!node.withdrawn()) {
              // Locks are given back by leaving; what they cover is in place before that.
              journal.checkpoint();
              node.releaseLocks();
              journal.close();
            }
          } catch (IOException | RuntimeException e) {
            // A slot whose journal is not clean is not freed: somebody has to recover it.
            node.withdraw(e);
            throw e;
          } finally {
            node.close();
            device.close();
          }
        });
  }
}
