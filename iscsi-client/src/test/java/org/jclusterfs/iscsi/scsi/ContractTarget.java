package org.jclusterfs.iscsi.scsi;

import java.util.List;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;

/** A real target that runs for {@link TargetContract}. Each lets in both initiators. */
interface ContractTarget extends AutoCloseable {
  String INITIATOR = "iqn.2026-01.com.example.client:test";
  String OTHER_INITIATOR = "iqn.2026-01.com.example.client:other";
  ChapCredentials ONE_WAY = ChapCredentials.oneWay("user", "secretsecret1");
  ChapCredentials MUTUAL = new ChapCredentials("user", "secretsecret1", "disk", "targetsecret1");

  /** A LUN without CHAP, of 64 MiB at least. */
  IscsiUrl url();

  /** A LUN whose target wants CHAP, by {@link #ONE_WAY} or {@link #MUTUAL}. */
  IscsiUrl chapUrl(boolean mutual);

  /** What discovery wants, or null. */
  default ChapCredentials discoverySecrets() {
    return null;
  }

  /** Its portal at ::1, or null. */
  default Portal ipv6() {
    return null;
  }

  /**
   * Makes the LUN grow while it is in use.
   *
   * @return false where it cannot
   */
  default boolean grow(long bytes) throws Exception {
    return false;
  }

  default Portal portal() {
    return url().portals().get(0);
  }

  default IscsiUrl at(Portal portal) {
    return new IscsiUrl(null, List.of(portal), url().targets(), url().lun());
  }

  @Override
  void close() throws Exception;
}
