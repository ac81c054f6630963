/**
 * The distributed lock manager and the membership as pure state machines: inputs (message, tick,
 * local request, view change) in, outputs (messages, grants, blocking callbacks, fencing requests)
 * out. JDK only; time and randomness are injected. The transport lives in a package beside it.
 */
package org.jclusterfs.dlm;
