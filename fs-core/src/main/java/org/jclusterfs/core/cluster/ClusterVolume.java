package org.jclusterfs.core.cluster;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Superblock;

/**
 * What the cluster needs to know of a volume, from its superblock.
 *
 * @param uuid the volume
 * @param secret 32 bytes by which nodes prove to each other that they can read the volume
 * @param geometry where slots and groups lie
 * @param thresholdMillis silence after which a node is dead
 */
public record ClusterVolume(UUID uuid, byte[] secret, Geometry geometry, int thresholdMillis) {

  /** Shortest threshold that heartbeats over a network keep up with, in milliseconds. */
  public static final int MIN_THRESHOLD_MILLIS = 3000;

  /** Reads them from a superblock that was checked. */
  public static ClusterVolume of(ByteBuffer superblock) {
    return new ClusterVolume(
        BlockHeader.volumeUuid(superblock),
        Superblock.clusterSecret(superblock),
        Geometry.of(superblock),
        Math.max(MIN_THRESHOLD_MILLIS, Superblock.heartbeatThreshold(superblock)));
  }

  /** The same volume with another threshold; 0 or less: its own. */
  public ClusterVolume withThreshold(int millis) {
    return millis <= 0
        ? this
        : new ClusterVolume(uuid, secret, geometry, Math.max(MIN_THRESHOLD_MILLIS, millis));
  }

  /** Time without a heartbeat of its own after which a node writes nothing: 2T/3. */
  public int selfStopMillis() {
    return thresholdMillis / 3 * 2;
  }

  /** Time between two heartbeats in milliseconds: min(2 s, T/6). */
  public int beatMillis() {
    return Math.min(2000, thresholdMillis / 6);
  }
}
