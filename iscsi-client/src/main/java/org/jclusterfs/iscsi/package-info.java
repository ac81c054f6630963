/** RFC 7143 iSCSI initiator. */
package org.jclusterfs.iscsi;
