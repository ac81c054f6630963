package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Caller;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests;
import org.jclusterfs.mount.protocol.Requests.CreateIn;
import org.jclusterfs.mount.protocol.Requests.MkdirIn;
import org.jclusterfs.mount.protocol.Requests.MknodIn;

/** Requests that find, make and remove names. */
final class NameOperations {
  private static final int S_IFDIR = 0040000;
  private static final int S_IFMT = 0170000;
  private static final int KNOWN_RENAME_FLAGS =
      Vfs.RENAME_NOREPLACE | Vfs.RENAME_EXCHANGE | Vfs.RENAME_WHITEOUT;

  private final Session session;
  private final Vfs vfs;
  private final NodeTable nodes;

  NameOperations(Session session, Dispatcher dispatcher) {
    this.session = session;
    this.vfs = session.vfs();
    this.nodes = session.nodes();
    dispatcher.on(Opcode.LOOKUP, this::lookup);
    dispatcher.on(Opcode.FORGET, this::forget);
    dispatcher.on(Opcode.BATCH_FORGET, this::batchForget);
    dispatcher.on(Opcode.MKNOD, session.locking(this::makeNode));
    dispatcher.on(Opcode.MKDIR, session.locking(this::makeDirectory));
    dispatcher.on(Opcode.SYMLINK, session.locking(this::makeSymlink));
    dispatcher.on(Opcode.LINK, session.locking(this::link));
    dispatcher.on(Opcode.UNLINK, session.locking(this::unlink));
    dispatcher.on(Opcode.RMDIR, session.locking(this::removeDirectory));
    dispatcher.on(Opcode.RENAME, session.locking(this::rename));
    dispatcher.on(Opcode.RENAME2, session.locking(this::rename2));
    dispatcher.on(Opcode.CREATE, session.locking(this::create));
    dispatcher.on(Opcode.TMPFILE, this::createUnnamed);
  }

  private void lookup(Request request) throws FsException {
    InodeId parent = nodes.inode(request.header().nodeid());
    byte[] name = request.name(0, 0);
    Entry entry = new Entry(request, name);
    vfs.lookup(parent, name, entry::accept);
    entry.settle();
  }

  private void forget(Request request) {
    request.noReply();
    forget(request.header().nodeid(), request.input().getLong(request.body()));
  }

  private void batchForget(Request request) {
    request.noReply();
    ByteBuffer in = request.input();
    int count = in.getInt(request.body());
    int at = request.body() + Requests.BATCH_FORGET_IN_BYTES;
    for (int i = 0; i < count; i++, at += Requests.FORGET_ONE_BYTES) {
      forget(in.getLong(at), in.getLong(at + 8));
    }
  }

  private void forget(long nodeId, long count) {
    nodes.forget(nodeId, count);
    vfs.forget(nodes.number(nodeId), count);
  }

  private void makeNode(Request request) throws FsException {
    MknodIn in = MknodIn.at(request.input(), request.body());
    make(
        request,
        request.name(MknodIn.BYTES, 0),
        in.mode(),
        in.umask(),
        Replies.major(in.rdev()),
        Replies.minor(in.rdev()));
  }

  private void makeDirectory(Request request) throws FsException {
    MkdirIn in = MkdirIn.at(request.input(), request.body());
    make(request, request.name(MkdirIn.BYTES, 0), in.mode() & ~S_IFMT | S_IFDIR, in.umask(), 0, 0);
  }

  private void make(Request request, byte[] name, int mode, int umask, int major, int minor)
      throws FsException {
    InodeId parent = nodes.inode(request.header().nodeid());
    Entry entry = new Entry(request, name);
    vfs.makeNode(parent, name, mode, major, minor, caller(request, umask), entry::accept);
    entry.settle();
  }

  private void makeSymlink(Request request) throws FsException {
    InodeId parent = nodes.inode(request.header().nodeid());
    byte[] name = request.name(0, 0);
    Entry entry = new Entry(request, name);
    vfs.makeSymlink(parent, name, request.name(0, 1), caller(request, 0), entry::accept);
    entry.settle();
  }

  private void link(Request request) throws FsException {
    InodeId inode = nodes.inode(request.input().getLong(request.body()));
    InodeId parent = nodes.inode(request.header().nodeid());
    byte[] name = request.name(Requests.LINK_IN_BYTES, 0);
    Entry entry = new Entry(request, name);
    vfs.link(inode, parent, name, entry::accept);
    entry.settle();
  }

  private void unlink(Request request) throws FsException {
    InodeId parent = nodes.inode(request.header().nodeid());
    vfs.unlink(parent, request.name(0, 0), nothing -> request.ok());
  }

  private void removeDirectory(Request request) throws FsException {
    InodeId parent = nodes.inode(request.header().nodeid());
    vfs.removeDirectory(parent, request.name(0, 0), nothing -> request.ok());
  }

  private void rename(Request request) throws FsException {
    rename(request, Requests.RENAME_IN_BYTES, 0);
  }

  private void rename2(Request request) throws FsException {
    rename(request, Requests.RENAME2_IN_BYTES, request.input().getInt(request.body() + 8));
  }

  private void rename(Request request, int names, int flags) throws FsException {
    if ((flags & ~KNOWN_RENAME_FLAGS) != 0) {
      request.error(Errno.EINVAL);
      return;
    }
    InodeId parent = nodes.inode(request.header().nodeid());
    long newNodeId = request.input().getLong(request.body());
    session.listed().locked(newNodeId);
    InodeId newParent = nodes.inode(newNodeId);
    byte[] name = request.name(names, 0);
    byte[] newName = request.name(names, 1);
    Caller caller = caller(request, 0);
    vfs.rename(parent, name, newParent, newName, flags, caller, nothing -> request.ok());
  }

  private void create(Request request) throws FsException {
    CreateIn in = CreateIn.at(request.input(), request.body());
    InodeId parent = nodes.inode(request.header().nodeid());
    byte[] name = request.name(CreateIn.BYTES, 0);
    Entry entry = new Entry(request, name);
    int flags = FileOperations.vfsFlags(request, in.flags(), in.openFlags(), session.negotiated());
    vfs.create(parent, name, in.mode(), flags, caller(request, in.umask()), entry::accept);
    entry.settle();
  }

  private void createUnnamed(Request request) throws FsException {
    CreateIn in = CreateIn.at(request.input(), request.body());
    InodeId parent = nodes.inode(request.header().nodeid());
    Entry entry = new Entry(request, null);
    Caller caller = caller(request, in.umask());
    vfs.createUnnamed(parent, in.mode(), in.flags(), caller, entry::accept);
    entry.settle();
  }

  private Caller caller(Request request, int umask) {
    // Without DONT_MASK the kernel has applied the umask.
    int left = session.negotiated().has(Flags.DONT_MASK) ? umask : 0;
    return new Caller(request.header().uid(), request.header().gid(), left);
  }

  /** The reply with an entry; takes the kernel's reference back where the reply was refused. */
  private final class Entry {
    private final Request request;
    private final byte[] name;
    private Attributes told;
    private long handle;

    /** An entry that is asked for by a name in the request's directory. */
    Entry(Request request, byte[] name) {
      this.request = request;
      this.name = name;
    }

    void accept(Attributes attributes) {
      accept(attributes, null);
    }

    void accept(Attributes attributes, OpenFile file) {
      told = attributes;
      // Counted before it is written, or a notice could pass between.
      Node node = nodes.remember(attributes);
      node.named(nodes.ofNodeId(request.header().nodeid()), name);
      if (attributes.cacheable()) {
        node.told();
      }
      ByteBuffer out = request.out();
      Replies.entryOut(
          out,
          node.nodeId,
          attributes,
          session.nameMillis(attributes),
          session.attributeMillis(attributes));
      if (file != null) {
        handle = session.handles().add(file);
        Replies.openOut(out, handle, FileOperations.openFlags(file, session.negotiated()));
      }
      request.reply();
    }

    /** After the operation: its locks are given up. */
    void settle() throws FsException {
      if (!request.refused()) {
        return;
      }
      if (handle != 0) {
        OpenFile file = session.handles().remove(handle);
        if (file != null) {
          vfs.release(file, 0);
        }
      }
      forget(nodes.nodeId(told.inode(), told.generation()), 1);
    }
  }
}
