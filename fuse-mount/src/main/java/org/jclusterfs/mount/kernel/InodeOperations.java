package org.jclusterfs.mount.kernel;

import java.time.Instant;
import org.jclusterfs.core.vfs.AttributeChange;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.InHeader;
import org.jclusterfs.mount.protocol.Requests.SetattrIn;

/** Requests about attributes, link targets and the volume. */
final class InodeOperations {
  private static final int PERMISSIONS = 07777;

  private final Session session;
  private final Vfs vfs;
  private final NodeTable nodes;

  InodeOperations(Session session, Dispatcher dispatcher) {
    this.session = session;
    this.vfs = session.vfs();
    this.nodes = session.nodes();
    dispatcher.on(Opcode.GETATTR, this::getAttributes);
    dispatcher.on(Opcode.STATX, this::statx);
    dispatcher.on(Opcode.SETATTR, session.locking(this::setAttributes));
    dispatcher.on(Opcode.READLINK, this::readLink);
    dispatcher.on(Opcode.STATFS, this::statistics);
  }

  private void getAttributes(Request request) throws FsException {
    InodeId inode = nodes.inode(request.header().nodeid());
    vfs.getAttributes(inode, a -> attrOut(request, a));
  }

  private void statx(Request request) throws FsException {
    InodeId inode = nodes.inode(request.header().nodeid());
    vfs.getAttributes(
        inode,
        a -> {
          nodes.told(a);
          Replies.statxOut(request.out(), a, session.attributeMillis(a));
          request.reply();
        });
  }

  private void setAttributes(Request request) throws FsException {
    SetattrIn in = SetattrIn.at(request.input(), request.body());
    InodeId inode = nodes.inode(request.header().nodeid());
    int valid = in.valid();
    boolean clears = clearsSetId(valid, inode, request.header().uid());
    Integer owner = requiredOwner(valid, request.header());
    try {
      set(request, inode, change(in, clears, owner));
    } catch (FsException e) {
      if (owner == null
          || e.failure() != FsException.Failure.NOT_PERMITTED
          || !Callers.actAsOwners(request.header().pid())) {
        throw e;
      }
      set(request, inode, change(in, clears, null));
    }
  }

  private void set(Request request, InodeId inode, AttributeChange change) throws FsException {
    vfs.setAttributes(inode, change, a -> attrOut(request, a));
  }

  private static AttributeChange change(SetattrIn in, boolean clearSetId, Integer owner) {
    int valid = in.valid();
    return new AttributeChange(
        (valid & Flags.FATTR_MODE) == 0 ? null : (Integer) (in.mode() & PERMISSIONS),
        (valid & Flags.FATTR_UID) == 0 ? null : (Integer) in.uid(),
        (valid & Flags.FATTR_GID) == 0 ? null : (Integer) in.gid(),
        (valid & Flags.FATTR_SIZE) == 0 ? null : (Long) in.size(),
        time(valid, Flags.FATTR_ATIME, Flags.FATTR_ATIME_NOW, in.atime(), in.atimensec()),
        time(valid, Flags.FATTR_MTIME, Flags.FATTR_MTIME_NOW, in.mtime(), in.mtimensec()),
        clearSetId,
        owner);
  }

  /**
   * Who has to own the inode, or null. The kernel allows a change of mode, owner or times by the
   * owner that it knows, and does not ask for it anew when another node may have changed it. Times
   * that are set to now, and those that come with a size, are for writers too.
   */
  private static Integer requiredOwner(int valid, InHeader caller) {
    int bothNow = Flags.FATTR_ATIME_NOW | Flags.FATTR_MTIME_NOW;
    boolean owners = (valid & (Flags.FATTR_MODE | Flags.FATTR_UID | Flags.FATTR_GID)) != 0;
    boolean times = (valid & (Flags.FATTR_ATIME | Flags.FATTR_MTIME)) != 0;
    boolean writers = (valid & Flags.FATTR_SIZE) != 0 || (valid & bothNow) == bothNow;
    return caller.uid() != 0 && (owners || times && !writers) ? (Integer) caller.uid() : null;
  }

  /**
   * Whether set-id bits go: when told so (a truncation), and with HANDLE_KILLPRIV_V2 whenever the
   * owner is changed, by whomever; older kernels send the new mode. A chown(2) that names neither
   * owner nor group clears them too, and comes as a request without any attribute; so does what the
   * kernel does before a FALLOCATE or COPY_FILE_RANGE, in whose handlers they are cleared, and so
   * it is obeyed only from who may call chown.
   */
  private boolean clearsSetId(int valid, InodeId inode, int caller) throws FsException {
    if ((valid & Flags.FATTR_KILL_SUIDGID) != 0) {
      return true;
    }
    if (!session.negotiated().has(Flags.HANDLE_KILLPRIV_V2)) {
      return false;
    }
    if ((valid & Flags.FATTR_ALL) == 0) {
      boolean[] own = {caller == 0};
      if (!own[0]) {
        vfs.getAttributes(inode, a -> own[0] = a.uid() == caller);
      }
      return own[0];
    }
    return (valid & (Flags.FATTR_UID | Flags.FATTR_GID)) != 0;
  }

  private static Instant time(int valid, int set, int now, long seconds, int nanos) {
    if ((valid & now) != 0) {
      return AttributeChange.NOW;
    }
    return (valid & set) == 0 ? null : Instant.ofEpochSecond(seconds, nanos);
  }

  private void attrOut(Request request, Attributes attributes) {
    nodes.told(attributes);
    Replies.attrOut(request.out(), attributes, session.attributeMillis(attributes));
    request.reply();
  }

  private void readLink(Request request) throws FsException {
    vfs.readLink(nodes.inode(request.header().nodeid()), request::reply);
  }

  private void statistics(Request request) throws FsException {
    Replies.statfsOut(request.out(), vfs.statistics());
    request.reply();
  }
}
