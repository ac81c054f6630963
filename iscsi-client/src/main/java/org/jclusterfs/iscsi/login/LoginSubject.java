package org.jclusterfs.iscsi.login;

/**
 * Who logs in where, for messages.
 *
 * @param target the target's name, or words for a discovery session
 * @param portal the portal's address
 * @param initiator the initiator's name
 */
public record LoginSubject(String target, String portal, String initiator) {}
