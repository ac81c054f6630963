/**
 * iSCSI PDUs (RFC 7143 section 11): stateless views of their Basic Header Segments with the RFC's
 * field names, key=value text, digests, and the Netty handlers that take them off and put them on
 * the wire. Knows nothing of sessions.
 */
package org.jclusterfs.iscsi.wire;
