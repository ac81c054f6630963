/** The fsck.jclusterfs tool. */
package org.jclusterfs.fsck;
