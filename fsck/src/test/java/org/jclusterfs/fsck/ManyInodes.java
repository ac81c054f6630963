package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.volume.BlockIo;

/**
 * Makes a volume with very many files fast, to measure what a check of it needs: the inodes are
 * written in large runs, and the bitmaps by a repair at the end.
 */
public final class ManyInodes {
  private static final int FILES = 1000;

  private ManyInodes() {}

  /**
   * Entry point.
   *
   * @param args path of the image, number of files
   */
  public static void main(String[] args) throws IOException {
    make(Path.of(args[0]), Integer.parseInt(args[1]));
    TestVolume.Result result = TestVolume.run(Path.of(args[0]), Mode.YES);
    System.out.println(result.output().lines().reduce((a, b) -> b).orElse(""));
  }

  private static void make(Path file, int files) throws IOException {
    long blocks = files + files / 4 + 20_000L;
    try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
      image.setLength(blocks * BlockHeader.BLOCK_SIZE);
    }
    TestVolume.populate(file, blocks);
    try (BlockDevice device = Devices.open(DeviceSpec.of("file:" + file));
        TestVolume volume = TestVolume.open(file)) {
      long root = volume.check.rootInode();
      List<DirectoryCheck.Entry> top = new ArrayList<>(volume.names(root));
      for (int at = 0; at < files; at += FILES) {
        long directory = volume.make(InodeInfo.DIRECTORY | 0755, 2, root);
        volume.directoryOf(directory, inodes(volume, device));
        top.add(volume.entry("directory-" + at, directory, DirectoryEntry.DT_DIR));
      }
      volume.directoryOf(root, top);
    }
  }

  private static List<DirectoryCheck.Entry> inodes(TestVolume volume, BlockDevice device)
      throws IOException {
    List<DirectoryCheck.Entry> names = new ArrayList<>();
    long first = 0;
    ByteBuffer run =
        ByteBuffer.allocate(FILES * BlockHeader.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    int length = 0;
    for (int i = 0; i < FILES; i++) {
      long number = volume.check.allocateUnmarked(BitmapBlock.INODE);
      if (length > 0 && number != first + length) {
        BlockIo.write(device, first, run.slice(0, length * BlockHeader.BLOCK_SIZE));
        length = 0;
      }
      first = length == 0 ? number : first;
      ByteBuffer block = volume.check.newBlock(InodeBlock.MAGIC, number, number);
      InodeBlock.mode(block, InodeInfo.REGULAR | 0644);
      InodeBlock.linkCount(block, 1);
      InodeBlock.generation(block, 1);
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
      BlockHeader.version(block, BlockHeader.version(block) + 1);
      BlockHeader.seal(block);
      run.put(length++ * BlockHeader.BLOCK_SIZE, block, 0, BlockHeader.BLOCK_SIZE);
      byte[] name = String.format("file-with-a-name-%06d", i).getBytes(StandardCharsets.US_ASCII);
      names.add(
          new DirectoryCheck.Entry(
              volume.check.hash.cookie(name), number, DirectoryEntry.DT_REG, name));
    }
    BlockIo.write(device, first, run.slice(0, length * BlockHeader.BLOCK_SIZE));
    return names;
  }
}
