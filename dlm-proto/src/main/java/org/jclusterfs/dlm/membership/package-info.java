/**
 * Who is in the cluster: heartbeats on the shared disk, views agreed in two phases, deaths, splits,
 * joins and leaves, as a pure state machine beside the lock engine. Its face is {@link
 * org.jclusterfs.dlm.membership.Membership}.
 */
package org.jclusterfs.dlm.membership;
