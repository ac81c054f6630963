/** The mkfs.jclusterfs tool. */
package org.jclusterfs.mkfs;
