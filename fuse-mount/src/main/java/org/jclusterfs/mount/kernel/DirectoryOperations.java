package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.DirectorySink;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.FsyncIn;
import org.jclusterfs.mount.protocol.Requests.ReadIn;
import org.jclusterfs.mount.protocol.Requests.ReleaseIn;

/** Requests about open directories. */
final class DirectoryOperations {
  private final Session session;
  private final Vfs vfs;

  DirectoryOperations(Session session, Dispatcher dispatcher) {
    this.session = session;
    this.vfs = session.vfs();
    dispatcher.on(Opcode.OPENDIR, this::open);
    dispatcher.on(Opcode.READDIR, request -> read(request, false));
    dispatcher.on(Opcode.READDIRPLUS, request -> read(request, true));
    dispatcher.on(Opcode.RELEASEDIR, this::release);
    dispatcher.on(Opcode.FSYNCDIR, session.locking(this::sync));
  }

  private void open(Request request) throws FsException {
    InodeId inode = session.nodes().inode(request.header().nodeid());
    int flags = request.input().getInt(request.body());
    long[] handle = {0};
    vfs.open(
        inode,
        flags,
        directory -> {
          handle[0] = session.handles().add(directory);
          Replies.openOut(request.out(), handle[0], 0);
          request.reply();
        });
    if (request.refused()) {
      close(handle[0]);
    }
  }

  private void read(Request request, boolean plus) throws FsException {
    ReadIn in = ReadIn.at(request.input(), request.body());
    Listing listing = new Listing(request, in, plus);
    vfs.readDirectory(session.handles().get(in.fh()), in.offset(), plus, listing);
    listing.finish();
  }

  private void release(Request request) throws FsException {
    ReleaseIn in = ReleaseIn.at(request.input(), request.body());
    close(in.fh());
    request.ok();
  }

  private void close(long handle) throws FsException {
    session.listed().released(handle);
    OpenFile directory = session.handles().remove(handle);
    if (directory != null) {
      vfs.release(directory, 0);
    }
  }

  private void sync(Request request) throws FsException {
    FsyncIn in = FsyncIn.at(request.input(), request.body());
    vfs.sync(
        session.handles().get(in.fh()).inode(), (in.fsyncFlags() & Flags.FSYNC_FDATASYNC) != 0);
    request.ok();
  }

  /** Collects entries into the reply. */
  private final class Listing implements DirectorySink {
    private final Request request;
    private final long handle;
    private final ByteBuffer out;
    private final int start;
    private final int limit;
    private final boolean plus;
    private final List<Attributes> counted = new ArrayList<>();
    private final List<Integer> offsets = new ArrayList<>();

    Listing(Request request, ReadIn in, boolean plus) {
      this.request = request;
      this.handle = in.fh();
      this.plus = plus;
      out = request.out();
      start = out.position();
      limit = Math.min(out.limit(), start + in.size());
    }

    @Override
    public int room() {
      return (limit - out.position()) / (Replies.direntBytes(1) + Replies.ENTRY_OUT_BYTES);
    }

    /** What the kernel was told not long ago it is not told again: it would forget the ACL. */
    @Override
    public boolean wants(long inode) {
      Node node = session.nodes().find(inode);
      return session.namesLast() && (node == null || !session.knowsWell(node));
    }

    @Override
    public boolean accept(
        byte[] name, long inode, int type, long nextCookie, Attributes attributes) {
      int needed = Replies.direntBytes(name.length) + (plus ? Replies.ENTRY_OUT_BYTES : 0);
      if (out.position() + needed > limit) {
        return false;
      }
      if (plus) {
        entry(name, attributes);
      }
      Replies.dirent(out, inode, nextCookie, type, name);
      return true;
    }

    private void entry(byte[] name, Attributes attributes) {
      if (attributes == null || isDot(name)) {
        Replies.noEntryOut(out);
        return;
      }
      counted.add(attributes);
      offsets.add(out.position());
      Node node = session.nodes().remember(attributes);
      node.named(session.nodes().ofNodeId(request.header().nodeid()), name.clone());
      if (attributes.cacheable()) {
        node.told();
      }
      Replies.entryOut(
          out,
          node.nodeId,
          attributes,
          session.nameMillis(attributes),
          session.attributeMillis(attributes));
    }

    @Override
    public void end() {
      if (!counted.isEmpty()) {
        session.listed().told(request.header().nodeid(), handle, request.header().pid());
      }
      request.reply();
    }

    /** After the operation. */
    void finish() {
      if (!request.answered()) {
        // The locks are gone, so nothing told here may be kept by the kernel.
        offsets.forEach(offset -> Replies.uncacheEntry(out, offset));
        request.reply();
      }
      if (request.refused()) {
        for (Attributes a : counted) {
          session.nodes().forget(session.nodes().nodeId(a.inode(), a.generation()), 1);
          vfs.forget(a.inode(), 1);
        }
      }
    }

    private static boolean isDot(byte[] name) {
      return name[0] == '.' && (name.length == 1 || name.length == 2 && name[1] == '.');
    }
  }
}
