/** What a mount tells of itself, as values that bin/jclusterfs shows. Knows no other package. */
package org.jclusterfs.core.status;
