/**
 * Sessions in their Full Feature Phase: {@link org.jclusterfs.iscsi.session.IscsiSession} keeps
 * commands alive over connections that come and go, {@code FullFeaturePhase} is the protocol of one
 * connection without any I/O, {@code Connection} and {@code Connector} join it to Netty.
 *
 * <p>Completions run on an event loop: they must be short and must not block.
 */
package org.jclusterfs.iscsi.session;
