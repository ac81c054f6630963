package org.jclusterfs.dlm.transport;

import java.util.List;

/**
 * Where a peer listens, as its slot descriptor says.
 *
 * @param incarnation of its claim
 * @param addresses textual IP addresses, tried in turn
 * @param port TCP port
 */
public record Peer(long incarnation, List<String> addresses, int port) {}
