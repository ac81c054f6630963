package org.jclusterfs.mkfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.volume.BlockIo;

/** Recognises what else may be on a device, so that it is not overwritten by mistake. */
final class Signatures {
  private static final int LOOKED_AT = 132 * 1024;

  private record Signature(String name, int offset, byte[] magic) {
    Signature(String name, int offset, String magic) {
      this(name, offset, magic.getBytes(StandardCharsets.ISO_8859_1));
    }

    boolean found(ByteBuffer start) {
      for (int i = 0; i < magic.length; i++) {
        if (offset + i >= start.capacity() || start.get(offset + i) != magic[i]) {
          return false;
        }
      }
      return true;
    }
  }

  private static final List<Signature> KNOWN =
      List.of(
          new Signature("an ext2, ext3 or ext4 filesystem", 1080, "\u0053\u00ef"),
          new Signature("an XFS filesystem", 0, "XFSB"),
          new Signature("a btrfs filesystem", 65600, "_BHRfS_M"),
          new Signature("a GFS2 filesystem", 65536, "\u0001\u0016\u0019\u0070"),
          new Signature("an OCFS2 filesystem", 8192, "OCFSV2"),
          new Signature("an OCFS2 filesystem", 2048, "OCFSV2"),
          new Signature("an OCFS2 filesystem", 4096, "OCFSV2"),
          new Signature("an NTFS filesystem", 3, "NTFS    "),
          new Signature("a LUKS container", 0, "LUKS\u00ba\u00be"),
          new Signature("an LVM physical volume", 0, "LABELONE"),
          new Signature("an LVM physical volume", 512, "LABELONE"),
          new Signature("an LVM physical volume", 1024, "LABELONE"),
          new Signature("a swap area", 4086, "SWAPSPACE2"),
          new Signature("a swap area", 4086, "SWAP-SPACE"),
          new Signature("a member of a RAID", 4096, "\u00fc\u004e\u002b\u00a9"),
          new Signature("a GPT partition table", 512, "EFI PART"),
          new Signature("a GPT partition table", 4096, "EFI PART"),
          new Signature("a boot sector or a DOS partition table", 510, "\u0055\u00aa"));

  private Signatures() {}

  /** What the device holds, to follow "contains …"; empty where nothing is recognised. */
  static Optional<String> find(BlockDevice device) throws IOException {
    int blocks = (int) Math.min(LOOKED_AT, device.size()) / 4096;
    ByteBuffer start = BlockIo.read(device, 0, blocks);
    return KNOWN.stream().filter(s -> s.found(start)).map(Signature::name).findFirst();
  }
}
