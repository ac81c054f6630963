package org.jclusterfs.core.xattr;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.inode.FreedNode;
import org.jclusterfs.core.inode.Removal;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;

/**
 * The extended attributes of an inode: one stream, cut over a chain of blocks. Names are whole,
 * with their prefix; what a prefix means is the caller's business.
 *
 * <p>Holds no state beside the blocks, so that any number may be made for an inode. Used with the
 * inode's lock held: by several threads at once to look, by one alone to change (EX). Changes keep
 * the inode's {@code xattrBlock}, {@code xattrBytes} and {@code blocks} right; its times and change
 * count are the caller's. Content that is damaged ends in a {@link DamagedBlockException}.
 */
public final class XattrStore {

  /** Bytes of a name, its prefix included. */
  public static final int MAX_NAME_LENGTH = 255;

  /** Bytes of a value. */
  public static final int MAX_VALUE_LENGTH = 65536;

  /** Bytes of the stream of all attributes: one of the longest, and as much again for others. */
  public static final int MAX_STREAM_LENGTH = 131072;

  /** Flag of {@link #planSet}, as XATTR_CREATE of setxattr(2): the attribute must not be there. */
  public static final int CREATE = 1;

  /** Flag of {@link #planSet}, as XATTR_REPLACE of setxattr(2): the attribute must be there. */
  public static final int REPLACE = 2;

  private static final Set<String> NAMESPACES = Set.of("user.", "trusted.", "security.");

  private final MetaBlock inode;
  private final LockScope scope;
  private final MetaStore store;

  /**
   * A change that is planned, since the locks of the groups that its blocks come from and go to
   * have to be taken before a transaction is opened. The inode's lock is held EX from planning to
   * applying.
   */
  public interface Change {
    /** Blocks that it takes from its source. */
    int nodesNeeded();

    /** Blocks that become free; the caller marks them so in the bitmaps. */
    List<FreedNode> nodes();

    /** Upper bound of the blocks that it logs or revokes; those of groups are not in it. */
    int credits();

    /**
     * Writes the new stream.
     *
     * @param source may be null where no block is needed
     */
    void apply(Transaction tx, BlockSource source) throws IOException;
  }

  /** Makes the view of an inode's attributes; the scope is that of the inode's lock. */
  public XattrStore(MetaBlock inode, LockScope scope, MetaStore store) {
    this.inode = inode;
    this.scope = scope;
    this.store = store;
  }

  /**
   * Whether an inode can have an attribute of this name: one of the namespaces user, trusted and
   * security, or an access control list. The namespace system has nothing else, as on ext4.
   */
  public static boolean isKnown(byte[] name) {
    String text = new String(name, StandardCharsets.ISO_8859_1);
    return PosixAcl.isName(name)
        || !isNamespace(name) && NAMESPACES.contains(text.substring(0, text.indexOf('.') + 1));
  }

  /** Whether a name is a namespace, and nothing behind it. */
  public static boolean isNamespace(byte[] name) {
    return NAMESPACES.contains(new String(name, StandardCharsets.ISO_8859_1));
  }

  /** The value of an attribute; null if it is not there. */
  public byte[] get(byte[] name) throws IOException {
    List<Attribute> attributes = attributes();
    int i = indexOf(attributes, name);
    return i < 0 ? null : attributes.get(i).value();
  }

  /** The names of all attributes, in the order in which they were made. */
  public List<byte[]> list() throws IOException {
    List<byte[]> names = new ArrayList<>();
    for (Attribute attribute : attributes()) {
      names.add(attribute.name());
    }
    return names;
  }

  private List<Attribute> attributes() throws IOException {
    return chain().attributes(inode.address());
  }

  private static int indexOf(List<Attribute> attributes, byte[] name) {
    for (int i = 0; i < attributes.size(); i++) {
      if (Arrays.equals(attributes.get(i).name(), name)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Plans to set an attribute.
   *
   * @param flags 0, {@link #CREATE} or {@link #REPLACE}
   * @throws AttributeExistsException with CREATE, if it is there
   * @throws AttributeMissingException with REPLACE, if it is not there
   * @throws AttributeTooBigException if value or stream would be too long
   */
  public Change planSet(byte[] name, byte[] value, int flags) throws IOException {
    if (name.length == 0 || name.length > MAX_NAME_LENGTH || (flags & ~(CREATE | REPLACE)) != 0) {
      throw new IllegalArgumentException(
          "attribute name of " + name.length + " bytes, flags " + flags);
    }
    if (value.length > MAX_VALUE_LENGTH) {
      throw new AttributeTooBigException(
          "attribute value of " + value.length + " bytes; at most " + MAX_VALUE_LENGTH, false);
    }
    XattrChain chain = chain();
    List<Attribute> attributes = chain.attributes(inode.address());
    int i = indexOf(attributes, name);
    if (i >= 0 && (flags & CREATE) != 0) {
      throw new AttributeExistsException(name);
    }
    if (i < 0 && (flags & REPLACE) != 0) {
      throw new AttributeMissingException(name);
    }
    Attribute attribute = new Attribute(name, value);
    if (i >= 0) {
      attributes.set(i, attribute);
    } else {
      attributes.add(attribute);
    }
    byte[] stream = Attribute.stream(attributes);
    if (stream.length > MAX_STREAM_LENGTH) {
      throw new AttributeTooBigException(
          "attributes of inode "
              + inode.address()
              + " would take "
              + stream.length
              + " bytes; at most "
              + MAX_STREAM_LENGTH,
          true);
    }
    return new XattrRewrite(inode, scope, store, chain, stream);
  }

  /** Blocks that attributes take together on an inode that has no others, by name. */
  public static int blocksFor(Map<String, byte[]> attributes) {
    return XattrRewrite.blocksFor(Attribute.stream(asAttributes(attributes)));
  }

  /** Plans to set all attributes of an inode that has none. */
  public Change planFirst(Map<String, byte[]> attributes) throws IOException {
    return new XattrRewrite(
        inode, scope, store, chain(), Attribute.stream(asAttributes(attributes)));
  }

  private static List<Attribute> asAttributes(Map<String, byte[]> attributes) {
    return attributes.entrySet().stream()
        .map(each -> new Attribute(each.getKey().getBytes(StandardCharsets.UTF_8), each.getValue()))
        .toList();
  }

  /**
   * Plans to remove an attribute.
   *
   * @throws AttributeMissingException if it is not there
   */
  public Change planRemove(byte[] name) throws IOException {
    XattrChain chain = chain();
    List<Attribute> attributes = chain.attributes(inode.address());
    int i = indexOf(attributes, name);
    if (i < 0) {
      throw new AttributeMissingException(name);
    }
    attributes.remove(i);
    return new XattrRewrite(inode, scope, store, chain, Attribute.stream(attributes));
  }

  /** Plans to free all blocks of an inode that is freed; always in one piece. */
  public Removal planFreeAll() throws IOException {
    return new XattrRewrite(inode, scope, store, chain(), new byte[0]);
  }

  private XattrChain chain() throws IOException {
    return XattrChain.read(inode, scope, store);
  }
}
