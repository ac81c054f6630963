/** The few system calls that the mount needs and the JDK does not offer. */
package org.jclusterfs.mount.posix;
