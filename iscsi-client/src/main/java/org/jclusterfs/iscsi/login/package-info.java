/**
 * The Login Phase (RFC 7143 sections 6 and 12, 13) as a state machine without I/O: {@link
 * org.jclusterfs.iscsi.login.LoginNegotiation} takes Login Responses and gives Login Requests until
 * it has {@link org.jclusterfs.iscsi.login.NegotiatedParameters}.
 */
package org.jclusterfs.iscsi.login;
