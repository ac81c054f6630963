"""posix.py A B [libfuse]: the rules of POSIX and Linux for files, as ext4 keeps them; each call goes to the other directory.

A and B show one volume, or are one directory. Prints what does not hold, and how many checks there were. With libfuse what
its API cannot do (EXCEPTIONS) has to end as it says there.
"""
import contextlib, ctypes, errno, itertools, os, stat, struct, sys, time

# By descriptors: the way to a mount may be closed to other users.
ROOTS = ['/proc/self/fd/%d' % os.open(each, os.O_PATH | os.O_DIRECTORY) for each in sys.argv[1:3]]
C = ctypes.CDLL(None, use_errno=True)
USER, OTHER, GROUP = 65533, 65532, 65531
turn, checks, failures = itertools.count(), itertools.count(), []
place = ''

# By rule and check: what comes instead over libfuse, as docs/mount.md has it.
EXCEPTIONS = {} if sys.argv[3:] != ['libfuse'] else {
    ('linkcounts', 'open without names'): 'ENOENT',
    ('renames', 'EXCHANGE'): 'EINVAL',
    ('renames', 'exchanged'): False,
    ('renames', 'WHITEOUT'): 'EINVAL',
    ('renames', 'whiteout'): (stat.S_IFREG | 0o644, 0, 1),
    ('setid', 'O_TRUNC by %d on 6777' % USER): '6777',
    ('setid', 'O_TRUNC by %d on 4767' % USER): '4767',
    ('setid', 'O_TRUNC and O_CREAT by %d on 6777' % USER): '6777',
    ('setid', 'O_TRUNC and O_CREAT by %d on 4767' % USER): '4767',
    ('unnamed', 'O_TMPFILE'): 'ENOTSUP',
}
met = set()


def at(path):
    """The path through the mount whose turn it is."""
    return '%s/%s/%s' % (ROOTS[next(turn) % len(ROOTS)], place, path)


def both(a, b):
    """Two paths through one mount."""
    root = ROOTS[next(turn) % len(ROOTS)]
    return '%s/%s/%s' % (root, place, a), '%s/%s/%s' % (root, place, b)


def check(what, got, wanted):
    next(checks)
    key = place.split('-')[1], what
    if key in EXCEPTIONS:
        met.add(key)
        wanted = EXCEPTIONS[key]
    if got != wanted:
        failures.append('%s: %s: %r, not %r' % (place, what, got, wanted))


def errno_of(call, *arguments, **named):
    """The name of the error that a call gives, or None."""
    try:
        call(*arguments, **named)
    except OSError as e:
        return errno.errorcode[e.errno]


def outcome(call, *arguments):
    """What a call returns, or the name of its error."""
    results = []
    return errno_of(lambda: results.append(call(*arguments))) or results[0]


def libc(name, *arguments):
    """A call that Python has not, or not so."""
    if getattr(C, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def renameat2(a, b, flags):
    libc('renameat2', -100, a.encode(), -100, b.encode(), flags)


@contextlib.contextmanager
def user(uid, gid, *groups):
    os.setgroups(list(groups))
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def make(path, mode=0o644, uid=0, gid=0, data=b'content'):
    fd = os.open(at(path), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    os.write(fd, data)
    os.fchown(fd, uid, gid)
    os.fchmod(fd, mode)
    os.close(fd)


def mkdir(path, mode=0o755, uid=0, gid=0):
    os.mkdir(at(path))
    os.chown(at(path), uid, gid)
    os.chmod(at(path), mode)


def opened(path, flags, mode=0o644):
    os.close(os.open(at(path), flags, mode))


def write(path, flags=os.O_WRONLY):
    fd = os.open(at(path), flags)
    os.write(fd, b'x')
    os.close(fd)


def mode(path):
    return os.lstat(at(path)).st_mode & 0o7777


def times(path):
    s = os.lstat(at(path))
    return s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns


def changed(path, call, *arguments):
    """Which times of a file a call changes: a letter for each."""
    before = times(path)
    time.sleep(0.012)
    error = errno_of(call, *arguments)
    after = times(path)
    return error or ''.join(n for n, b, a in zip('amc', before, after) if b != a)


TYPES = {
    'file': lambda p: make(p),
    'directory': lambda p: mkdir(p),
    'fifo': lambda p: os.mkfifo(at(p)),
    'device': lambda p: os.mknod(at(p), stat.S_IFCHR | 0o644, os.makedev(1, 2)),
    'block': lambda p: os.mknod(at(p), stat.S_IFBLK | 0o644, os.makedev(1, 2)),
    'symlink': lambda p: os.symlink('nowhere', at(p)),
}


def names():
    long, path = 'n' * 255, '/'.join(['d' * 255] * 16)
    for call in (os.mkdir, os.mkfifo, lambda p: opened_at(p), lambda p: os.symlink('x', p)):
        check('255 bytes', errno_of(call, at(long)), None)
        (os.rmdir if os.path.isdir(at(long)) else os.unlink)(at(long))
        check('256 bytes', errno_of(call, at(long + 'x')), 'ENAMETOOLONG')
        check('a path too long', errno_of(call, at(path)), 'ENAMETOOLONG')
    check('unlink of 256 bytes', errno_of(os.unlink, at(long + 'x')), 'ENAMETOOLONG')
    check('rename to 256 bytes', errno_of(os.rename, *both('f', long + 'x')), 'ENOENT')
    make('f')
    check('rename to 256 bytes', errno_of(os.rename, *both('f', long + 'x')), 'ENAMETOOLONG')
    for call in (os.mkdir, os.rmdir, os.unlink, os.stat, os.mkfifo, os.listdir, os.readlink):
        check('below a file', errno_of(call, at('f/x')), 'ENOTDIR')
        check('below nothing', errno_of(call, at('no/x')), 'ENOENT')
    os.symlink('two', at('one'))
    os.symlink('one', at('two'))
    for call in (os.stat, os.listdir, lambda p: opened_at(p, os.O_RDONLY), lambda p: os.chmod(p, 0)):
        check('a loop', errno_of(call, at('one')), 'ELOOP')
    check('O_NOFOLLOW', errno_of(opened, 'one', os.O_RDONLY | os.O_NOFOLLOW), 'ELOOP')
    check('symlink of 4096 bytes', errno_of(os.symlink, 'x' * 4096, at('l')), 'ENAMETOOLONG')
    os.symlink('x' * 4095, at('l'))
    check('target', os.readlink(at('l')), 'x' * 4095)


def opened_at(path, flags=os.O_CREAT | os.O_EXCL | os.O_WRONLY):
    os.close(os.open(path, flags, 0o644))


def existing():
    for kind, maker in TYPES.items():
        maker(kind)
        for call in (os.mkdir, os.mkfifo, opened_at, lambda p: os.symlink('x', p)):
            check('over a ' + kind, errno_of(call, at(kind)), 'EEXIST')
        make('from-' + kind)
        check('link over a ' + kind, errno_of(os.link, *both('from-' + kind, kind)), 'EEXIST')
    check('rmdir of a file', errno_of(os.rmdir, at('file')), 'ENOTDIR')
    check('unlink of a directory', errno_of(os.unlink, at('directory')), 'EISDIR')
    check('rmdir of what is not', errno_of(os.rmdir, at('no')), 'ENOENT')
    check('rmdir of .', errno_of(os.rmdir, at('directory/.')), 'EINVAL')
    check('rmdir of ..', errno_of(os.rmdir, at('directory/..')), 'ENOTEMPTY')
    check('link of a directory', errno_of(os.link, *both('directory', 'l')), 'EPERM')
    check('write to a directory', errno_of(opened, 'directory', os.O_WRONLY), 'EISDIR')
    check('O_DIRECTORY', errno_of(opened, 'file', os.O_RDONLY | os.O_DIRECTORY), 'ENOTDIR')
    check('readlink of a file', errno_of(os.readlink, at('file')), 'EINVAL')
    check('truncate of a directory', errno_of(os.truncate, at('directory'), 0), 'EISDIR')
    check('truncate below 0', errno_of(os.truncate, at('file'), -1), 'EINVAL')
    check('FIFO without a reader', errno_of(opened, 'fifo', os.O_WRONLY | os.O_NONBLOCK), 'ENXIO')
    make('directory/x')
    check('rmdir of a full directory', errno_of(os.rmdir, at('directory')), 'ENOTEMPTY')


def linkcounts():
    make('f')
    for n in range(2, 6):
        os.link(*both('f', 'l%d' % n))
        check('links', os.stat(at('f')).st_nlink, n)
    os.unlink(at('f'))
    check('links left', os.stat(at('l2')).st_nlink, 4)
    mkdir('d')
    check('empty directory', os.stat(at('d')).st_nlink, 2)
    os.mkdir(at('d/e'))
    check('with one below', os.stat(at('d')).st_nlink, 3)
    os.rename(*both('d/e', 'e'))
    check('moved away', os.stat(at('d')).st_nlink, 2)
    fd = os.open(at('l3'), os.O_RDONLY)
    for n in (2, 3, 4, 5):
        os.unlink(at('l%d' % n))
    check('open without names', outcome(lambda: os.fstat(fd).st_nlink), 0)
    check('content without names', os.read(fd, 9), b'content')
    os.close(fd)


def renames():
    for kind, maker in TYPES.items():
        for over, other in TYPES.items():
            a, b = '%s-%s' % (kind, over), '%s-%s-to' % (kind, over)
            maker(a)
            other(b)
            inode = os.lstat(at(a)).st_ino
            wanted = None
            if (kind == 'directory') != (over == 'directory'):
                wanted = 'ENOTDIR' if kind == 'directory' else 'EISDIR'
            check('%s over %s' % (kind, over), errno_of(os.rename, *both(a, b)), wanted)
            check('it moved', os.lstat(at(b)).st_ino == inode, wanted is None)
            check('and is gone', errno_of(os.lstat, at(a)), 'ENOENT' if wanted is None else None)
    mkdir('d')
    mkdir('d/e')
    check('below itself', errno_of(os.rename, *both('d', 'd/e/f')), 'EINVAL')
    check('over its ancestor', errno_of(os.rename, *both('d/e', 'd')), 'ENOTEMPTY')
    check('over a full one', errno_of(os.rename, *both('file-directory', 'd')), 'EISDIR')
    make('f')
    make('g')
    check('NOREPLACE', errno_of(renameat2, *both('f', 'g'), 1), 'EEXIST')
    f, g = os.stat(at('f')).st_ino, os.stat(at('g')).st_ino
    check('EXCHANGE', errno_of(renameat2, *both('f', 'g'), 2), None)
    check('exchanged', (os.stat(at('f')).st_ino, os.stat(at('g')).st_ino) == (g, f), True)
    check('EXCHANGE with nothing', errno_of(renameat2, *both('f', 'no'), 2), 'ENOENT')
    check('EXCHANGE and WHITEOUT', errno_of(renameat2, *both('f', 'g'), 6), 'EINVAL')
    check('WHITEOUT', errno_of(renameat2, *both('f', 'h'), 4), None)
    s = os.stat(at('f'))
    check('whiteout', (s.st_mode, s.st_rdev, s.st_nlink), (stat.S_IFCHR, 0, 1))
    check('WHITEOUT and NOREPLACE', errno_of(renameat2, *both('g', 'f'), 5), 'EEXIST')


def sticky():
    """Who may take a name away where the directory is sticky: its owner, the file's owner, root."""
    for bits, may_others in ((0o777, True), (0o1777, False)):
        for owner in (USER, OTHER):
            directory = 'd%o-%d' % (bits, owner)
            mkdir(directory, bits, owner)
            for uid in (0, USER, OTHER):
                allowed = None if may_others or uid == owner or uid == USER or uid == 0 else 'EPERM'
                for take in (os.unlink, lambda p: os.rename(p, p + '-moved')):
                    name = directory + '/f'
                    make(name, uid=USER)
                    with user(uid, uid):
                        check('%o %d %d' % (bits, owner, uid), errno_of(take, at(name)), allowed)
                    for left in (name, name + '-moved'):
                        with contextlib.suppress(FileNotFoundError):
                            os.unlink(at(left))


def owners():
    """Who may change mode, owner and times; also right after another node changed the owner."""
    make('f', 0o644, USER, USER)
    with user(USER, USER):
        check('chmod by owner', errno_of(os.chmod, at('f'), 0o640), None)
        check('chown by owner', errno_of(os.chown, at('f'), OTHER, -1), 'EPERM')
        check('chgrp to a foreign group', errno_of(os.chown, at('f'), -1, GROUP), 'EPERM')
        check('utime by owner', errno_of(os.utime, at('f'), (1, 1)), None)
    with user(USER, USER, GROUP):
        check('chgrp to an own group', errno_of(os.chown, at('f'), -1, GROUP), None)
    with user(OTHER, OTHER):
        for what, call in (('chmod', lambda p: os.chmod(p, 0o777)),
                           ('chown', lambda p: os.chown(p, OTHER, OTHER)),
                           ('utime', lambda p: os.utime(p, (1, 1)))):
            check(what + ' by another', errno_of(call, at('f')), 'EPERM')
        check('touch by another', errno_of(os.utime, at('f')), 'EACCES')
    for n in range(3):
        os.chown(at('f'), USER, USER)
        for root in ROOTS:
            os.stat('%s/%s/f' % (root, place))
        os.chown(at('f'), OTHER, OTHER)
        with user(USER, USER):
            check('chmod by the former owner', errno_of(os.chmod, at('f'), 0o666), 'EPERM')
            check('utime by the former owner', errno_of(os.utime, at('f'), (1, 1)), 'EPERM')
        for root in ROOTS:
            os.stat('%s/%s/f' % (root, place))  # the kernel goes by the owner that it was told last
        with user(OTHER, OTHER):
            check('chmod by the new owner', errno_of(os.chmod, at('f'), 0o600), None)
        next(turn)
    os.chmod(at('f'), 0o640)
    os.chown(at('f'), OTHER, GROUP)
    for uid, gid, groups, wanted in ((OTHER, 1, (), (True, True)), (USER, GROUP, (), (True, False)),
                                     (USER, 1, (GROUP,), (True, False)), (USER, 1, (), (False, False))):
        with user(uid, gid, *groups):
            check('access', tuple(errno_of(opened, 'f', m) is None for m in (os.O_RDONLY, os.O_WRONLY)),
                  wanted)


def modes():
    os.umask(0o027)
    make('f')
    opened('masked', os.O_CREAT | os.O_WRONLY, 0o666)
    check('umask', mode('masked'), 0o640)
    os.umask(0)
    mkdir('g', 0o2777, 0, GROUP)
    with user(USER, USER):
        os.mkdir(at('g/d'), 0o755)
        opened('g/f', os.O_CREAT | os.O_WRONLY, 0o644)
    s = os.stat(at('g/d'))
    check('directory in a set-gid one', (s.st_gid, s.st_mode & 0o7777), (GROUP, 0o2755))
    check('file in a set-gid one', os.stat(at('g/f')).st_gid, GROUP)
    make('s', 0o644, USER, GROUP)
    with user(USER, USER):
        os.chmod(at('s'), 0o2755)
    check('set-gid by who is not in the group', mode('s'), 0o755)


def setid():
    """What writing, truncating and chown take, of files of modes 6777, 2767 and 4767."""
    def fallocate(path):
        fd = os.open(path, os.O_WRONLY)
        os.posix_fallocate(fd, 0, 100)
        os.close(fd)

    def copy(path):
        source, fd = os.open(at('source'), os.O_RDONLY), os.open(path, os.O_WRONLY)
        os.copy_file_range(source, fd, 4, 0, 0)
        os.close(fd)
        os.close(source)

    def append(path):
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(fd, b'x')
        os.close(fd)

    kept, gone = (0o6777, 0o2767, 0o4767), (0o777, 0o2767, 0o767)
    make('source')
    content = {'write': append, 'fallocate': fallocate, 'copy': copy, 'truncate': lambda p: os.truncate(p, 3),
               'O_TRUNC': lambda p: opened_at(p, os.O_WRONLY | os.O_TRUNC),
               'O_TRUNC and O_CREAT': lambda p: opened_at(p, os.O_WRONLY | os.O_TRUNC | os.O_CREAT)}
    owner = {'chown of none': lambda p: os.chown(p, -1, -1), 'chown': lambda p: os.chown(p, USER, USER),
             'chgrp': lambda p: os.chown(p, -1, USER)}
    for (what, call), uid in itertools.product((content | owner).items(), (0, USER)):
        for before, after in zip(kept, kept if what in content and uid == 0 else gone):
            name = '%s-%d-%o' % (what, uid, before)
            make(name, before, USER, USER)
            for root in ROOTS:
                os.stat('%s/%s/%s' % (root, place, name))
            with user(uid, uid):
                check(what, errno_of(call, at(name)), None)
            for _ in ROOTS:
                check('%s by %d on %o' % (what, uid, before), '%o' % mode(name), '%o' % after)
    capability = struct.pack('<IIIII', 0x02000001, 1 << 10, 0, 0, 0)
    for call in [*content.values(), owner['chown'], owner['chgrp']]:
        make('capable')
        os.setxattr(at('capable'), 'security.capability', capability)
        call(at('capable'))
        check('capability', errno_of(os.getxattr, at('capable'), 'security.capability'), 'ENODATA')
        os.unlink(at('capable'))


def timestamps():
    mkdir('d')
    make('f')
    os.symlink('f', at('l'))
    check('write', changed('f', write, 'f'), 'mc')
    check('truncate', changed('f', lambda: os.truncate(at('f'), 3)), 'mc')
    check('O_TRUNC', changed('f', opened, 'f', os.O_WRONLY | os.O_TRUNC), 'mc')
    check('chmod', changed('f', lambda: os.chmod(at('f'), 0o600)), 'c')
    check('chown', changed('f', lambda: os.chown(at('f'), 1, 1)), 'c')
    check('link', changed('f', lambda: os.link(*both('f', 'd/f'))), 'c')
    check('link in d', changed('d', lambda: os.link(*both('f', 'd/g'))), 'mc')
    check('unlink', changed('f', lambda: os.unlink(at('d/f'))), 'c')
    check('unlink in d', changed('d', lambda: os.unlink(at('d/g'))), 'mc')
    check('rename', changed('.', lambda: os.rename(*both('f', 'r'))), 'mc')
    check('rename back', changed('.', lambda: os.rename(*both('r', 'f'))), 'mc')
    for what, call in (('mkdir', os.mkdir), ('mkfifo', os.mkfifo), ('create', opened_at)):
        check(what, changed('d', lambda: call(at('d/' + what))), 'mc')
    check('rename into d', changed('d', lambda: os.rename(*both('d/create', 'd/c'))), 'mc')
    check('failed link', changed('d', lambda: os.link(*both('no', 'd/x'))), 'ENOENT')
    check('failed chmod', changed('f', lambda: os.chmod(at('f/x'), 0)), 'ENOTDIR')
    check('setxattr', changed('f', lambda: os.setxattr(at('f'), 'user.x', b'')), 'c')
    for ns in (0, 1, 999999999, 1 << 32, -1, (1 << 33) * 10**9 + 7):
        os.utime(at('f'), ns=(ns, ns + 1))
        check('utimensat', times('f')[:2], (ns, ns + 1))
    os.utime(at('l'), ns=(5, 6), follow_symlinks=False)
    check('of the link', times('l')[:2], (5, 6))


def sizes():
    make('f', data=b'')
    for size in (10, 0, 5000, 1 << 40, 3):
        os.truncate(at('f'), size)
        check('size', os.stat(at('f')).st_size, size)
    check('content', open(at('f'), 'rb').read(), bytes(3))
    check('EFBIG', errno_of(os.truncate, at('f'), (1 << 63) - 1) in (None, 'EFBIG'), True)


def unnamed():
    fd = outcome(os.open, at(''), os.O_TMPFILE | os.O_RDWR, 0o640)
    error = fd if isinstance(fd, str) else None
    check('O_TMPFILE', error, None)
    if error:
        return
    os.write(fd, b'unnamed')
    check('links', os.fstat(fd).st_nlink, 0)
    mount = [r for r in ROOTS if os.fstat(fd).st_dev == os.stat(r).st_dev][0]

    def link(name):
        libc('linkat', -100, b'/proc/self/fd/%d' % fd, -100, ('%s/%s/%s' % (mount, place, name)).encode(), 0x400)

    check('linkat', errno_of(link, 't'), None)
    check('content', [open(at('t'), 'rb').read() for _ in ROOTS], [b'unnamed'] * len(ROOTS))
    os.unlink(at('t'))
    check('linkat of what was removed', errno_of(link, 't'), 'ENOENT')
    os.close(fd)


def attributes():
    mkdir('d')
    make('f')
    os.symlink('f', at('l'))
    os.mkfifo(at('p'))
    X = b'value'
    for name in ('user.a', 'trusted.a', 'security.a'):
        for path in 'df':
            check(name, errno_of(os.getxattr, at(path), name), 'ENODATA')
            check(name, errno_of(os.setxattr, at(path), name, X, os.XATTR_REPLACE), 'ENODATA')
            check(name, errno_of(os.setxattr, at(path), name, X, os.XATTR_CREATE), None)
            check(name, errno_of(os.setxattr, at(path), name, X, os.XATTR_CREATE), 'EEXIST')
            check(name, os.getxattr(at(path), name), X)
            check(name, errno_of(os.removexattr, at(path), name), None)
            check(name, errno_of(os.removexattr, at(path), name), 'ENODATA')
    check('user. on a fifo', errno_of(os.setxattr, at('p'), 'user.a', X), 'EPERM')
    check('user. on a link', errno_of(os.setxattr, at('l'), 'user.a', X, follow_symlinks=False), 'EPERM')
    check('trusted. on a fifo', errno_of(os.setxattr, at('p'), 'trusted.a', X), None)
    def refused(name, errno):
        check(name, errno_of(os.getxattr, at('f'), name), errno)
        check(name, errno_of(os.setxattr, at('f'), name, X), errno)
        check(name, errno_of(os.removexattr, at('f'), name), errno)
    for name in ('a', 'user', '.a', 'USER.a', 'a.b', 'system.', 'system.foo', 'system.posix_acl_accessX'):
        refused(name, 'ENOTSUP')
    for name in ('user.', 'trusted.', 'security.'):
        refused(name, 'EINVAL')
    check('long name', errno_of(os.setxattr, at('f'), 'user.' + 'a' * 251, X), 'ERANGE')
    check('longest name', errno_of(os.setxattr, at('f'), 'user.' + 'a' * 250, X), None)
    check('long value', errno_of(os.setxattr, at('f'), 'user.b', bytes(65537)), 'E2BIG')
    make('full')
    errors = [errno_of(os.setxattr, at('full'), 'user.%d' % n, bytes(60000)) for n in range(4)]
    check('no room', errors[-1], 'ENOSPC')
    os.setxattr(at('f'), 'trusted.a', X)
    check('trusted. is listed', 'trusted.a' in os.listxattr(at('f')), True)
    with user(USER, USER):
        check('trusted. is not told to others', errno_of(os.getxattr, at('f'), 'trusted.a'), 'ENODATA')
        check('trusted. is not listed to others', 'trusted.a' in os.listxattr(at('f')), False)
        check('trusted. by others', errno_of(os.setxattr, at('f'), 'trusted.b', X), 'EPERM')
        check('user. by others', errno_of(os.setxattr, at('f'), 'user.b', X), 'EACCES')
    os.setxattr(at('f'), 'user.b', X)
    size = ctypes.create_string_buffer(2)
    check('short buffer', errno_of(libc, 'getxattr', at('f').encode(), b'user.b', size, 2), 'ERANGE')
    check('list', sorted(os.listxattr(at('f')))[-1], 'user.b')


os.umask(0)
for rule in (names, existing, linkcounts, renames, sticky, owners, modes, setid, timestamps, sizes,
             unnamed, attributes):
    place = 'posix-%s-%d' % (rule.__name__, os.getpid())
    os.mkdir(ROOTS[0] + '/' + place)
    try:
        rule()
    except OSError as e:
        failures.append('%s: %r' % (place, e))
failures.extend('not tried: %s: %s' % each for each in EXCEPTIONS.keys() - met)
print('\n'.join(failures + ['%d checks' % next(checks)]))
sys.exit(1 if failures else 0)
