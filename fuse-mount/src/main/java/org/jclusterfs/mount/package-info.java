/** The mount: command line, daemon and FUSE bindings. */
package org.jclusterfs.mount;
