/** Resource groups: allocating and freeing blocks. */
package org.jclusterfs.core.alloc;
