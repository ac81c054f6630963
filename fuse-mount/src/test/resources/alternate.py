"""alternate.py A B N: two mounts of one volume map one file; each sees what the other stores, N times each way."""
import mmap, os, random, sys, threading

a, b, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int.from_bytes(os.urandom(4), 'little')
random.seed(seed)
PAGE = 4096
name = '/mapped'
with open(a + name, 'wb') as f:
    f.write(bytes(3 * PAGE))
fa, fb = os.open(a + name, os.O_RDWR), os.open(b + name, os.O_RDWR)
ma, mb = mmap.mmap(fa, 3 * PAGE), mmap.mmap(fb, 3 * PAGE)


def same(what, got, wanted):
    if got != wanted:
        sys.exit('%s: %r instead of %r (seed %d)' % (what, got, wanted, seed))


def other_read(directory, offset):
    with open(directory + name, 'rb') as f:
        f.seek(offset)
        return f.read(8)


for i in range(rounds):
    for source, target, fs, fd, there in ((ma, mb, fa, fb, b), (mb, ma, fb, fa, a)):
        value = b'%07d' % i + there[-1:].encode()
        offset = random.choice((0, 100, PAGE, 2 * PAGE + 4000))
        source[offset:offset + 8] = value
        how = random.randrange(3)
        if how == 0:
            same('read', os.pread(fd, 8, offset), value)
        elif how == 1:
            same('read of a new description', other_read(there, offset), value)
        same('mapping there', target[offset:offset + 8], value)
        same('mapping here', source[offset:offset + 8], value)
        value = b'w' + value[1:]
        os.pwrite(fs, value, offset)
        same('write, mapping there', target[offset:offset + 8], value)
        same('write, mapping here', source[offset:offset + 8], value)


def store(mapping, offset):
    for i in range(100):
        mapping[offset:offset + 4] = b'%04d' % i


both = [threading.Thread(target=store, args=x) for x in ((ma, 16), (mb, 2000))]
for t in both:
    t.start()
for t in both:
    t.join()
for m in (ma, mb):
    same('two writers of one page', m[16:20] + m[2000:2004], b'00990099')

reader = mmap.mmap(os.open(b + name, os.O_RDONLY), 0, prot=mmap.PROT_READ)
appender = os.open(a + name, os.O_WRONLY | os.O_APPEND)
os.write(appender, b'tail')
with open(b + name, 'rb') as f:
    same('append', f.read()[-4:], b'tail')
ma[0:4] = b'last'
same('read-only mapping', reader[0:4], b'last')
print('coherent')
