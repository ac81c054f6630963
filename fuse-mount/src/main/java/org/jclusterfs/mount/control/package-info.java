/** Asking a running mount: the socket that its daemon listens on, and bin/jclusterfs. */
package org.jclusterfs.mount.control;
