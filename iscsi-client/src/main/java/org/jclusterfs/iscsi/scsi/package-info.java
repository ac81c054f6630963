/**
 * SCSI as a disk speaks it (SPC-4, SBC-3): {@link org.jclusterfs.iscsi.scsi.Lun} reads, writes and
 * flushes, {@link org.jclusterfs.iscsi.scsi.PersistentReservations} fences; the rest builds CDBs
 * and reads what comes back.
 */
package org.jclusterfs.iscsi.scsi;
