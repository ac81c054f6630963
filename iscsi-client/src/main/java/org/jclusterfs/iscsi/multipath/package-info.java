/**
 * One LUN by several paths: {@link org.jclusterfs.iscsi.multipath.Multipath} opens it, {@link
 * org.jclusterfs.iscsi.multipath.MultipathLun} is the disk, {@link
 * org.jclusterfs.iscsi.multipath.PathInfo} tells how its paths are.
 */
package org.jclusterfs.iscsi.multipath;
