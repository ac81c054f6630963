/**
 * Carries the messages of the lock engine and the membership between nodes: authenticated TCP
 * connections on Netty, per peer in order and without loss or duplicate while both incarnations
 * live. Its face is {@link org.jclusterfs.dlm.transport.ClusterTransport}.
 */
package org.jclusterfs.dlm.transport;
