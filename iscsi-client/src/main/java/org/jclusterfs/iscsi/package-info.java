/**
 * RFC 7143 iSCSI initiator, useful alone: what a caller says ({@link
 * org.jclusterfs.iscsi.IscsiUrl}, {@link org.jclusterfs.iscsi.InitiatorOptions}, {@link
 * org.jclusterfs.iscsi.ChapSecrets}) and the failures that it may see ({@link
 * org.jclusterfs.iscsi.IscsiException} and its kinds).
 *
 * <p>Below: {@code wire} (PDUs), {@code login} (negotiation as a state machine without I/O), {@code
 * session} (commands in flight, reconnect and replay; Netty), {@code scsi} (commands of a LUN; most
 * callers need only {@link org.jclusterfs.iscsi.scsi.Lun}), {@code tool} (the {@code iscsi}
 * command). Each knows only those before it.
 */
package org.jclusterfs.iscsi;
