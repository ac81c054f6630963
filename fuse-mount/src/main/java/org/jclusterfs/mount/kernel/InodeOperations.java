package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.time.Instant;
import org.jclusterfs.core.vfs.AttributeChange;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
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
    dispatcher.on(Opcode.SETATTR, this::setAttributes);
    dispatcher.on(Opcode.READLINK, this::readLink);
    dispatcher.on(Opcode.STATFS, this::statistics);
  }

  private void getAttributes(Request request) throws FsException {
    long inode = nodes.inode(request.header().nodeid());
    Stale stale = new Stale(request);
    vfs.getAttributes(inode, a -> stale.unless(a, () -> attrOut(request, a)));
    stale.raise();
  }

  private void statx(Request request) throws FsException {
    long inode = nodes.inode(request.header().nodeid());
    Stale stale = new Stale(request);
    vfs.getAttributes(
        inode,
        a ->
            stale.unless(
                a,
                () -> {
                  ByteBuffer out = request.out();
                  Replies.statxOut(out, a, session.attributeMillis(a));
                  request.reply();
                }));
    stale.raise();
  }

  private void setAttributes(Request request) throws FsException {
    SetattrIn in = SetattrIn.at(request.input(), request.body());
    long inode = nodes.inode(request.header().nodeid());
    int valid = in.valid();
    AttributeChange change =
        new AttributeChange(
            (valid & Flags.FATTR_MODE) == 0 ? null : (Integer) (in.mode() & PERMISSIONS),
            (valid & Flags.FATTR_UID) == 0 ? null : (Integer) in.uid(),
            (valid & Flags.FATTR_GID) == 0 ? null : (Integer) in.gid(),
            (valid & Flags.FATTR_SIZE) == 0 ? null : (Long) in.size(),
            time(valid, Flags.FATTR_ATIME, Flags.FATTR_ATIME_NOW, in.atime(), in.atimensec()),
            time(valid, Flags.FATTR_MTIME, Flags.FATTR_MTIME_NOW, in.mtime(), in.mtimensec()),
            (valid & Flags.FATTR_KILL_SUIDGID) != 0);
    Stale stale = new Stale(request);
    vfs.setAttributes(inode, change, a -> stale.unless(a, () -> attrOut(request, a)));
    stale.raise();
  }

  private static Instant time(int valid, int set, int now, long seconds, int nanos) {
    if ((valid & now) != 0) {
      return AttributeChange.NOW;
    }
    return (valid & set) == 0 ? null : Instant.ofEpochSecond(seconds, nanos);
  }

  private void attrOut(Request request, Attributes attributes) {
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

  /** Carries "this is another inode by now" out of a reply, which cannot throw it. */
  private final class Stale {
    private final Request request;
    private FsException failure;

    Stale(Request request) {
      this.request = request;
    }

    void unless(Attributes attributes, Runnable reply) {
      try {
        nodes.check(request.header().nodeid(), attributes);
        reply.run();
      } catch (FsException e) {
        failure = e;
      }
    }

    void raise() throws FsException {
      if (failure != null) {
        throw failure;
      }
    }
  }
}
