package org.jclusterfs.system;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.scsi.Lun;

/**
 * Shows that a power cut of a target is one: raw writes to a unit beside the volume's, all of them
 * acknowledged, the first half flushed and the second half not.
 */
final class CacheProbe {

  /** Writes of each half. */
  static final int WRITES = 40;

  private static final int BLOCK = 4096;

  private final IscsiUrl url;
  private final InitiatorOptions options;
  private long seed;

  /**
   * A probe of a unit.
   *
   * @param device as mkfs takes it
   * @param initiator a name that the target lets in
   */
  CacheProbe(String device, String initiator) {
    url = IscsiUrl.parse(device);
    options = InitiatorOptions.of(initiator);
  }

  /** Writes both halves, with a content that no write before had. */
  void write(long newSeed) throws IscsiException {
    seed = newSeed;
    try (Lun lun = Lun.open(options, url)) {
      write(lun, 0);
      lun.flush().join();
      write(lun, WRITES);
    }
  }

  private void write(Lun lun, int from) {
    List<CompletableFuture<Void>> acknowledged = new ArrayList<>();
    for (int n = from; n < from + WRITES; n++) {
      acknowledged.add(lun.write((long) n * BLOCK, content(n)));
    }
    acknowledged.forEach(CompletableFuture::join);
  }

  /**
   * Counts the flushed writes that are not there any more.
   *
   * @return 0, if the target keeps its word
   */
  int lostFlushed() throws IscsiException {
    return lost(0);
  }

  /** Counts the writes that are not there any more and were never flushed. */
  int lostUnflushed() throws IscsiException {
    return lost(WRITES);
  }

  private int lost(int from) throws IscsiException {
    int lost = 0;
    try (Lun lun = Lun.open(options, url)) {
      for (int n = from; n < from + WRITES; n++) {
        ByteBuffer found = ByteBuffer.allocateDirect(BLOCK);
        lun.read((long) n * BLOCK, found).join();
        lost += found.clear().equals(content(n)) ? 0 : 1;
      }
    }
    return lost;
  }

  private ByteBuffer content(int n) {
    byte[] bytes = new byte[BLOCK];
    new Random(seed * 1000 + n).nextBytes(bytes);
    ByteBuffer content = ByteBuffer.allocateDirect(BLOCK);
    return content.put(bytes).flip();
  }
}
