package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.CopyFileRangeIn;
import org.jclusterfs.mount.protocol.Requests.FallocateIn;
import org.jclusterfs.mount.protocol.Requests.FlushIn;
import org.jclusterfs.mount.protocol.Requests.FsyncIn;
import org.jclusterfs.mount.protocol.Requests.LseekIn;
import org.jclusterfs.mount.protocol.Requests.OpenIn;
import org.jclusterfs.mount.protocol.Requests.ReadIn;
import org.jclusterfs.mount.protocol.Requests.ReleaseIn;
import org.jclusterfs.mount.protocol.Requests.WriteIn;

/** Requests about open files. */
final class FileOperations {
  private static final int O_TRUNC = 01000;
  private static final int O_APPEND = 02000;
  private static final int O_DSYNC = 010000;
  private static final int O_SYNC_BIT = 04000000;

  /** Bytes that fit the count of fuse_write_out; whole blocks. */
  private static final long MOST_COPIED = 0x7ffff000L;

  private final Session session;
  private final Vfs vfs;
  private final Notices notices;

  FileOperations(Session session, Dispatcher dispatcher, Notices notices) {
    this.session = session;
    this.vfs = session.vfs();
    this.notices = notices;
    dispatcher.on(Opcode.OPEN, this::open);
    dispatcher.on(Opcode.READ, this::read);
    dispatcher.on(Opcode.WRITE, this::write);
    dispatcher.on(Opcode.FLUSH, this::flush);
    dispatcher.on(Opcode.RELEASE, this::release);
    dispatcher.on(Opcode.FSYNC, this::sync);
    dispatcher.on(Opcode.FALLOCATE, this::allocate);
    dispatcher.on(Opcode.LSEEK, this::seek);
    dispatcher.on(Opcode.COPY_FILE_RANGE, this::copy);
    dispatcher.on(
        Opcode.COPY_FILE_RANGE_64,
        request -> {
          long copied = copy(request, Long.MAX_VALUE);
          request.out().putLong(copied);
          request.reply();
        });
  }

  /** fuse_open_out.open_flags of a handle; inside the reply of open only. */
  static int openFlags(OpenFile file, Negotiated negotiated) {
    int flags = file.keepCache() ? Flags.FOPEN_KEEP_CACHE : 0;
    if (file.directIo()) {
      flags |= Flags.FOPEN_DIRECT_IO;
      if (negotiated.has(Flags.DIRECT_IO_ALLOW_MMAP)) {
        // The filesystem orders writes itself; the kernel need not hold the inode meanwhile.
        flags |= Flags.FOPEN_PARALLEL_DIRECT_WRITES;
      }
    }
    return flags;
  }

  /**
   * Flags for the filesystem of an OPEN or CREATE. A kernel without HANDLE_KILLPRIV_V2 clears no
   * set-id bits where it truncates in opening; then it is done for everybody but root, since who
   * else has CAP_FSETID it does not tell.
   */
  static int vfsFlags(Request request, int flags, int openFlags, Negotiated negotiated) {
    boolean clears =
        negotiated.has(Flags.HANDLE_KILLPRIV_V2)
            ? (openFlags & Flags.OPEN_KILL_SUIDGID) != 0
            : request.header().uid() != 0;
    return clears && (flags & O_TRUNC) != 0 ? flags | Vfs.CLEAR_SETID : flags;
  }

  private void open(Request request) throws FsException {
    InodeId inode = session.nodes().inode(request.header().nodeid());
    OpenIn in = OpenIn.at(request.input(), request.body());
    int flags = vfsFlags(request, in.flags(), in.openFlags(), session.negotiated());
    long[] handle = {0};
    vfs.open(
        inode,
        flags,
        file -> {
          handle[0] = session.handles().add(file);
          Replies.openOut(request.out(), handle[0], openFlags(file, session.negotiated()));
          request.reply();
        });
    if (request.refused()) {
      drop(handle[0], 0);
    }
  }

  private void read(Request request) throws FsException {
    ReadIn in = ReadIn.at(request.input(), request.body());
    OpenFile file = session.handles().get(in.fh());
    boolean pinsPages = (in.readFlags() & Flags.READ_LOCKOWNER) == 0;
    if (pinsPages) {
      Node node = session.nodes().ofNodeId(request.header().nodeid());
      if (node != null) {
        node.pages = true;
      }
    }
    vfs.read(file, in.offset(), in.size(), pinsPages, request::reply);
  }

  private void write(Request request) throws FsException {
    WriteIn in = WriteIn.at(request.input(), request.body());
    OpenFile file = session.handles().get(in.fh());
    ByteBuffer data = request.data(WriteIn.BYTES, in.size());
    Node node = session.nodes().ofNodeId(request.header().nodeid());
    boolean writeBack = (in.writeFlags() & Flags.WRITE_CACHE) != 0;
    boolean pinsPages = writeBack || (in.writeFlags() & Flags.WRITE_LOCKOWNER) == 0;
    if (pinsPages) {
      if (node != null) {
        node.pages = true;
      }
      // The handle of a write-back is a guess of the kernel's, and so is its O_APPEND.
      int flags = writeBack ? in.flags() & ~O_APPEND : in.flags();
      vfs.write(file, in.offset(), data, flags, writeBack, n -> replyWritten(request, n));
      return;
    }
    writeDirectly(request, in, file, data, node);
  }

  /**
   * A write that bypasses the page cache. Pages that another process has of the file are dropped
   * before the answer, and after the operation's locks are given up: to drop a page the kernel may
   * have to write it back, or to wait for a read of it, and either needs the lock. Where no page
   * can be in the kernel the answer goes out at once, under the locks.
   */
  private void writeDirectly(Request request, WriteIn in, OpenFile file, ByteBuffer data, Node node)
      throws FsException {
    boolean durable = (in.flags() & O_DSYNC) != 0;
    int[] written = {0};
    vfs.write(
        file,
        in.offset(),
        data,
        (in.writeFlags() & Flags.WRITE_KILL_SUIDGID) != 0
            ? in.flags() | Vfs.CLEAR_SETID
            : in.flags(),
        false,
        n -> {
          written[0] = n;
          if (!durable && (node == null || !node.pages)) {
            replyWritten(request, n);
          }
        });
    if (request.answered()) {
      return;
    }
    if (node != null && node.pages) {
      if ((in.flags() & O_APPEND) != 0) {
        // Where the bytes went only the filesystem knows.
        notices.dropWritten(node, 0, 0);
      } else if (written[0] > 0) {
        notices.dropWritten(node, in.offset(), written[0]);
      }
    }
    if (durable) {
      // The kernel sends no FSYNC after a direct write to a file opened O_SYNC or O_DSYNC.
      vfs.sync(file.inode(), (in.flags() & O_SYNC_BIT) == 0);
    }
    replyWritten(request, written[0]);
  }

  private static void replyWritten(Request request, int count) {
    request.out().putInt(count).putInt(0);
    request.reply();
  }

  private void flush(Request request) throws FsException {
    FlushIn in = FlushIn.at(request.input(), request.body());
    vfs.flush(session.handles().get(in.fh()), in.lockOwner());
    request.ok();
  }

  private void release(Request request) throws FsException {
    ReleaseIn in = ReleaseIn.at(request.input(), request.body());
    boolean flock = (in.releaseFlags() & Flags.RELEASE_FLOCK_UNLOCK) != 0;
    drop(in.fh(), flock ? in.lockOwner() : 0);
    request.ok();
  }

  private void drop(long handle, long flockOwner) throws FsException {
    OpenFile file = session.handles().remove(handle);
    if (file != null) {
      vfs.release(file, flockOwner);
    }
  }

  private void sync(Request request) throws FsException {
    FsyncIn in = FsyncIn.at(request.input(), request.body());
    vfs.sync(
        session.handles().get(in.fh()).inode(), (in.fsyncFlags() & Flags.FSYNC_FDATASYNC) != 0);
    request.ok();
  }

  private void allocate(Request request) throws FsException {
    FallocateIn in = FallocateIn.at(request.input(), request.body());
    int mode = in.mode() | clearSetId(request);
    vfs.allocate(session.handles().get(in.fh()), mode, in.offset(), in.length());
    request.ok();
  }

  /** Whether set-id bits go the request does not tell: for all but root. */
  private static int clearSetId(Request request) {
    return request.header().uid() != 0 ? Vfs.CLEAR_SETID : 0;
  }

  private void seek(Request request) throws FsException {
    LseekIn in = LseekIn.at(request.input(), request.body());
    long offset = vfs.seek(session.handles().get(in.fh()), in.offset(), in.whence());
    request.out().putLong(offset);
    request.reply();
  }

  private void copy(Request request) throws FsException {
    replyWritten(request, (int) copy(request, MOST_COPIED));
  }

  private long copy(Request request, long most) throws FsException {
    CopyFileRangeIn in = CopyFileRangeIn.at(request.input(), request.body());
    OpenFile source = session.handles().get(in.fhIn());
    OpenFile target = session.handles().get(in.fhOut());
    long length = in.len() < 0 ? most : Math.min(in.len(), most);
    long unique = request.header().unique();
    Cancellation cancellation = session.interrupts().begin(unique);
    long copied;
    try {
      copied =
          vfs.copyRange(
              source, in.offIn(), target, in.offOut(), length, clearSetId(request), cancellation);
    } finally {
      session.interrupts().end(unique);
    }
    if ((target.flags() & O_DSYNC) != 0) {
      vfs.sync(target.inode(), (target.flags() & O_SYNC_BIT) == 0);
    }
    return copied;
  }
}
