package org.jclusterfs.mount.kernel;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.xattr.PosixAcl;
import org.jclusterfs.mount.XattrNames;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Requests;
import org.jclusterfs.mount.protocol.Requests.SetxattrIn;

/** Requests about extended attributes. */
final class XattrOperations {
  private static final byte[] CAPABILITY = "security.capability".getBytes(StandardCharsets.UTF_8);

  /** Of a file without one: ls -l asks each file after ENODATA, and none any more after this. */
  private static final byte[] SELINUX = "security.selinux".getBytes(StandardCharsets.UTF_8);

  private final Session session;
  private final Vfs vfs;
  private final NodeTable nodes;

  XattrOperations(Session session, Dispatcher dispatcher) {
    this.session = session;
    this.vfs = session.vfs();
    this.nodes = session.nodes();
    dispatcher.on(Opcode.GETXATTR, this::get);
    dispatcher.on(Opcode.SETXATTR, session.locking(this::set));
    dispatcher.on(Opcode.LISTXATTR, this::list);
    dispatcher.on(Opcode.REMOVEXATTR, session.locking(this::remove));
  }

  private void get(Request request) throws FsException {
    long nodeId = request.header().nodeid();
    InodeId inode = nodes.inode(nodeId);
    int size = request.input().getInt(request.body());
    byte[] name = request.name(Requests.GETXATTR_IN_BYTES, 0);
    refuseAcl(name);
    // The kernel asks for this one before the first write of each file.
    Node node = Arrays.equals(name, CAPABILITY) ? nodes.ofNodeId(nodeId) : null;
    int epoch = 0;
    if (node != null) {
      if (node.noCapability) {
        request.error(Errno.ENODATA);
        return;
      }
      epoch = node.epoch;
    }
    try {
      vfs.getXattr(inode, name, value -> give(request, size, value));
    } catch (FsException e) {
      if (e.failure() == FsException.Failure.NO_ATTRIBUTE && Arrays.equals(name, SELINUX)) {
        throw new FsException(FsException.Failure.NOT_SUPPORTED, "it has no label");
      }
      if (node != null && e.failure() == FsException.Failure.NO_ATTRIBUTE) {
        node.rememberNoCapability(epoch);
      }
      throw e;
    }
  }

  private void list(Request request) throws FsException {
    int size = request.input().getInt(request.body());
    vfs.listXattrs(
        nodes.inode(request.header().nodeid()),
        names -> give(request, size, joined(XattrNames.visible(names, request.header().pid()))));
  }

  private static byte[] joined(List<byte[]> names) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] name : names) {
      all.writeBytes(name);
      all.write(0);
    }
    return all.toByteArray();
  }

  /** A value, or its size alone where the caller gave no room: fuse_getxattr_out. */
  private static void give(Request request, int size, byte[] value) {
    if (size == 0) {
      request.out().putInt(value.length).putInt(0);
      request.reply();
    } else if (value.length > size) {
      request.error(Errno.ERANGE);
    } else {
      request.reply(value);
    }
  }

  private void set(Request request) throws FsException {
    long nodeId = request.header().nodeid();
    SetxattrIn in =
        SetxattrIn.at(
            request.input(), request.body(), session.negotiated().has(Flags.SETXATTR_EXT));
    byte[] name = request.name(in.bytes(), 0);
    refuseAcl(name);
    byte[] value = new byte[in.size()];
    request.data(in.bytes() + name.length + 1, in.size()).get(value);
    boolean killSetGid = (in.setxattrFlags() & Flags.SETXATTR_ACL_KILL_SGID) != 0;
    vfs.setXattr(
        nodes.inode(nodeId), name, value, in.flags() | (killSetGid ? Vfs.XATTR_CLEAR_SETGID : 0));
    Node node = nodes.ofNodeId(nodeId);
    if (node != null) {
      node.forgetHints();
    }
    request.ok();
  }

  private void remove(Request request) throws FsException {
    byte[] name = request.name(0, 0);
    refuseAcl(name);
    vfs.removeXattr(nodes.inode(request.header().nodeid()), name);
    request.ok();
  }

  /** An ACL that is told, or set, and not obeyed would be worse than none. */
  private void refuseAcl(byte[] name) throws FsException {
    if (PosixAcl.isName(name) && !session.negotiated().has(Flags.POSIX_ACL)) {
      throw new FsException(FsException.Failure.NOT_SUPPORTED, "mounted with noacl");
    }
  }
}
