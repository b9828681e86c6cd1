package storage

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Keys of rejects. The letters are on disk.
const (
	prefixRejectHead = 'Q' // alone: the highest number given out; with a number: a credential's name
	prefixReject     = 'R' // with a number: a record; with one more byte: how often it came
	rejectCountMark  = 'n'
)

const (
	rejectKeyBytes        = 1 + 8
	rejectCountKeyBytes   = rejectKeyBytes + 1
	rejectCredentialBytes = 4 // ahead of the sealed record; authenticated with it
	credentialKeyBytes    = 1 + 4
	// rejectCountBytes is the room of a count, reserved for every record.
	rejectCountBytes = rejectCountKeyBytes + envelopeBytes + 4 + tagBytes
)

var keyRejectHead = []byte{prefixRejectHead}

func rejectKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, rejectCountKeyBytes), prefixReject), number)
}

func rejectCountKey(number uint64) []byte { return append(rejectKey(number), rejectCountMark) }

func credentialKey(number uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixRejectHead}, number)
}

// Reject is a refused item that is kept. Record says what it was, Key tells it from others,
// Class is the round that it is sealed under. All are the caller's.
type Reject = struct {
	Class       string
	Key, Record []byte
}

// Rejects keeps refused items until somebody has dealt with them.
//
//   - Numbers only rise, and none is used again, not even one whose record is removed: the
//     highest is a record of its own, written in the commit that gives numbers out.
//   - What a key was is kept as 128 bits of its SHA-256, sealed with the record: so the
//     destruction of a class leaves nothing that a guess could be held against. The price is
//     that Open unseals all rejects, to know their keys again: 0.2 s of one core for the 240,000
//     scans that fill a credential's room.
//     A keyed hash in the clear would need no unsealing, and would outlive the class.
//   - How often a record came is a value beside it, so that a batch sent again and again
//     writes 53 bytes an item, and nothing is read or sealed anew.
//   - Commits enter the log in the order of their numbers, under the lock; they are synced
//     together, outside of it. So a count is never durable without its record, and once a
//     commit is, all numbers up to its last are. Readers see no number that a crash could
//     take back and another record get.
//
// The index in memory is a digest, number, size and count for each record, 40 to 75 bytes in
// the map: 10 to 18 MB for a credential whose room is full of ordinary scans, 75 MB were it
// full of the shortest records there could be, of 104 bytes.
//
// Any goroutine may call.
type Rejects struct {
	s *Store

	mu          sync.Mutex
	last        uint64 // highest number given out
	index       map[rejectDigest]rejectEntry
	credentials map[string]uint32
	rooms       []rejectRoom // by credential's number

	synced  atomic.Uint64 // numbers up to here are durable
	kept    atomic.Int64
	bytes   atomic.Int64
	dropped atomic.Uint64
}

type rejectDigest [16]byte

type rejectEntry struct {
	number uint64
	size   uint32
	times  uint32
}

// rejectRoom is what a credential has used.
type rejectRoom struct {
	name  string
	bytes int64
}

// Rejects of the store.
func (s *Store) Rejects() *Rejects { return s.rejects }

// Counts tells how many records are kept and their bytes, and how many found no room since
// the start.
func (r *Rejects) Counts() (kept int, bytes int64, dropped uint64) {
	return int(r.kept.Load()), r.bytes.Load(), r.dropped.Load()
}

func digestOf(credential string, key []byte) rejectDigest {
	h := sha256.New()
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(credential)))
	h.Write(length[:])
	h.Write([]byte(credential))
	h.Write(key)
	return rejectDigest(h.Sum(nil))
}

func rejectSize(value int) uint32 { return uint32(rejectKeyBytes + value + rejectCountBytes) }

// Add keeps records of one credential and returns when they are durable. One whose key is
// kept already adds to that record's count; one that finds no room is only counted.
//
// ENSURES: the error is ErrTooLarge, ErrClassName or ErrClosed; a failed write is Fatal.
func (r *Rejects) Add(credential string, list []Reject) error {
	const what = "keep rejects"
	if err := r.s.alive(what); err != nil {
		return err
	}
	for i := range list {
		if n := len(list[i].Record); n > rejectRecordBytesMax {
			return fmt.Errorf("cannot keep a reject: got %d bytes; want at most %d: %w", n, rejectRecordBytesMax, ErrTooLarge)
		}
	}
	defer r.s.guard(what)
	for len(list) > 0 {
		n, size := 0, 0
		for n < len(list) && (n == 0 || size+len(list[n].Record) <= rejectCommitBytes) {
			size += len(list[n].Record) + rejectCountBytes
			n++
		}
		if err := r.add(credential, list[:n]); err != nil {
			return fmt.Errorf("cannot keep rejects: %w", err)
		}
		list = list[n:]
	}
	return nil
}

// add is one commit.
func (r *Rejects) add(credential string, list []Reject) error {
	b := r.s.db.NewBatch()
	defer b.Close()
	r.mu.Lock()
	last, err := r.fill(b, credential, list)
	r.apply(b)
	r.mu.Unlock()
	r.settle(b, last)
	return err
}

// fill puts the records into a batch and the index.
// ENSURES: also after an error both hold the same.
func (r *Rejects) fill(b *pebble.Batch, credential string, list []Reject) (last uint64, err error) {
	owner, err := r.owner(b, credential)
	if err != nil {
		return r.last, err
	}
	room := &r.rooms[owner]
	var plain, value []byte
	var sc sealScratch
	before := r.last
	for i := range list {
		digest := digestOf(credential, list[i].Key)
		if e, ok := r.index[digest]; ok {
			if e.times < math.MaxUint32 {
				e.times++
			}
			r.index[digest] = e
			r.s.setCount(b, e.number, e.times, &sc)
			continue
		}
		size := rejectSize(rejectCredentialBytes + classSealedBytes + len(digest) + len(list[i].Record))
		if room.bytes+int64(size) > rejectBytesMax {
			r.dropped.Add(1)
			continue
		}
		key := rejectKey(r.last + 1)
		plain = append(append(plain[:0], digest[:]...), list[i].Record...)
		value = binary.BigEndian.AppendUint32(value[:0], owner)
		if value, err = r.s.sealClass(value, list[i].Class, rejectAAD(key, owner), plain); err != nil {
			break
		}
		set(b, key, value)
		r.last++
		r.index[digest] = rejectEntry{r.last, size, 1}
		r.grow(owner, 1, int64(size))
	}
	if r.last > before {
		v := make([]byte, sealedBytes(0, 8))
		r.s.seal.seal(v, keyRejectHead, 0, binary.BigEndian.AppendUint64(nil, r.last), &sc)
		set(b, keyRejectHead, v)
	}
	return r.last, err
}

// owner is a credential's number; a new one's name goes into the batch. Number 0 has no name.
func (r *Rejects) owner(b *pebble.Batch, credential string) (uint32, error) {
	if number, ok := r.credentials[credential]; ok {
		return number, nil
	}
	number := uint32(len(r.rooms))
	if number > rejectCredentialsMax || len(credential) > rejectRecordBytesMax {
		return 0, fmt.Errorf("got credential %d with a name of %d bytes; want at most %d and %d: %w", number, len(credential), rejectCredentialsMax, rejectRecordBytesMax, ErrTooLarge)
	}
	key := credentialKey(number)
	v := make([]byte, sealedBytes(0, len(credential)))
	r.s.seal.seal(v, key, 0, []byte(credential), &sealScratch{})
	set(b, key, v)
	r.credentials[credential] = number
	r.rooms = append(r.rooms, rejectRoom{name: credential})
	return number, nil
}

// rejectAAD is what a record is sealed with: its key and all ahead of the sealed part.
func rejectAAD(key []byte, owner uint32) []byte { return binary.BigEndian.AppendUint32(key, owner) }

func (r *Rejects) grow(owner uint32, records int, bytes int64) {
	r.rooms[owner].bytes += bytes
	r.kept.Add(int64(records))
	r.bytes.Add(bytes)
}

func (s *Store) setCount(b *pebble.Batch, number uint64, times uint32, sc *sealScratch) {
	key := rejectCountKey(number)
	v := make([]byte, sealedBytes(0, 4))
	s.seal.seal(v, key, 0, binary.BigEndian.AppendUint32(nil, times), sc)
	set(b, key, v)
}

// apply commits a batch, for settle to wait for. REQUIRES: the lock.
func (r *Rejects) apply(b *pebble.Batch) {
	if b.Empty() {
		return
	}
	if err := r.s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		r.s.die("write rejects", err)
	}
}

// settle waits until a batch is durable, and with it all numbers up to last.
func (r *Rejects) settle(b *pebble.Batch, last uint64) {
	if b.Empty() {
		return
	}
	if err := b.SyncWait(); err != nil {
		r.s.die("write rejects", err)
	}
	if r.s.dead.Load() { // a background write failed meanwhile
		r.s.die("write rejects", errEarlier)
	}
	for {
		if was := r.synced.Load(); last <= was || r.synced.CompareAndSwap(was, last) {
			return
		}
	}
}

// List calls fn for durable records after a number, ascending, at most limit, until fn says
// no. It returns the last number that fn saw, or after, and whether there are more. The
// record is valid during the call.
func (r *Rejects) List(after uint64, limit int, fn func(number uint64, times uint32, record []byte) bool) (last uint64, more bool, err error) {
	if err := r.s.alive("list rejects"); err != nil {
		return after, false, err
	}
	synced := r.synced.Load()
	if after >= synced {
		return after, false, nil
	}
	w, err := r.s.walkRejects(after, synced)
	if err != nil {
		return after, false, fmt.Errorf("cannot list rejects: %w", err)
	}
	last = after
	for w.next() {
		if errors.Is(w.erased, ErrErased) {
			continue
		}
		if limit--; limit < 0 {
			more = true
			break
		}
		last = w.number
		if !fn(w.number, w.times, w.record()) {
			limit = 0
		}
	}
	if err := w.close(); err != nil {
		return last, false, fmt.Errorf("cannot list rejects: %w", err)
	}
	return last, more, nil
}

// Remove forgets records for good and returns how many there were, durable.
func (r *Rejects) Remove(numbers []uint64) (removed int, err error) {
	const what = "remove rejects"
	if err := r.s.alive(what); err != nil {
		return 0, err
	}
	defer r.s.guard(what)
	for len(numbers) > 0 && err == nil {
		some := numbers[:min(len(numbers), rejectRemovalsMax)]
		numbers = numbers[len(some):]
		var n int
		n, err = r.change(some, func(b *pebble.Batch, _ int, c *rejectFound) {
			delete(r.index, c.digest)
			del(b, c.key)
			if c.entry.times > 1 {
				del(b, rejectCountKey(c.entry.number))
			}
			r.grow(c.owner, -1, -int64(c.entry.size))
		})
		removed += n
	}
	if err != nil {
		return removed, fmt.Errorf("cannot remove rejects: %w", err)
	}
	return removed, nil
}

// Replace says anew what records say and what their keys are, durable. Their classes stay,
// for nothing outlives its round by being handled late, and so do their counts. Numbers that
// are not there are passed over; a key that another record has is not taken away from it.
func (r *Rejects) Replace(numbers []uint64, list []Reject) error {
	const what = "replace rejects"
	if err := r.s.alive(what); err != nil {
		return err
	}
	defer r.s.guard(what)
	var plain, value []byte
	for len(numbers) > 0 {
		n, size := 0, 0
		for n < len(numbers) && (n == 0 || size+len(list[n].Record) <= rejectCommitBytes) {
			if len(list[n].Record) > rejectRecordBytesMax {
				return fmt.Errorf("cannot replace a reject: got %d bytes; want at most %d: %w", len(list[n].Record), rejectRecordBytesMax, ErrTooLarge)
			}
			size += len(list[n].Record) + rejectCountBytes
			n++
		}
		_, err := r.change(numbers[:n], func(b *pebble.Batch, i int, c *rejectFound) {
			digest := digestOf(r.rooms[c.owner].name, list[i].Key)
			if _, taken := r.index[digest]; taken {
				digest = c.digest
			}
			plain = append(append(plain[:0], digest[:]...), list[i].Record...)
			value = binary.BigEndian.AppendUint32(value[:0], c.owner)
			value = c.class.seal(value, rejectAAD(c.key, c.owner), plain)
			set(b, c.key, value)
			size := rejectSize(len(value))
			r.grow(c.owner, 0, int64(size)-int64(c.entry.size))
			delete(r.index, c.digest)
			r.index[digest] = rejectEntry{c.entry.number, size, c.entry.times}
		})
		if err != nil {
			return fmt.Errorf("cannot replace rejects: %w", err)
		}
		numbers, list = numbers[n:], list[n:]
	}
	return nil
}

// rejectFound is a record that is to be changed.
type rejectFound struct {
	key    []byte
	owner  uint32
	class  *class
	digest rejectDigest
	entry  rejectEntry
}

// change calls do for each of the numbers that is there, once, and commits what do puts into
// the batch. i is the place in numbers.
func (r *Rejects) change(numbers []uint64, do func(b *pebble.Batch, i int, c *rejectFound)) (n int, err error) {
	b := r.s.db.NewBatch()
	defer b.Close()
	done := make(map[uint64]bool, len(numbers))
	r.mu.Lock()
	for i, number := range numbers {
		if number == 0 || number > r.synced.Load() || done[number] {
			continue
		}
		c := rejectFound{key: rejectKey(number)}
		value, gerr := getCopy(r.s.db, c.key)
		if errors.Is(gerr, pebble.ErrNotFound) {
			continue
		}
		var plain []byte
		if err = gerr; err == nil {
			plain, err = r.s.openReject(nil, c.key, value)
		}
		if errors.Is(err, ErrErased) {
			err = nil
			continue
		}
		if err != nil {
			err = fmt.Errorf("record %d: %w", number, err)
			break
		}
		c.owner = binary.BigEndian.Uint32(value)
		class, _ := r.s.classOf(value[rejectCredentialBytes:])
		c.class, c.digest = r.s.classes.of(class), rejectDigest(plain)
		c.entry = r.index[c.digest]
		done[number] = true
		n++
		do(b, i, &c)
	}
	r.apply(b)
	r.mu.Unlock()
	r.settle(b, 0)
	return n, err
}

// openReject appends digest and record to dst. ENSURES: the error is ErrErased, ErrFormat
// or ErrSeal.
func (s *Store) openReject(dst, key, value []byte) ([]byte, error) {
	if len(value) < rejectCredentialBytes {
		return dst, fmt.Errorf("got %d bytes; want at least %d: %w", len(value), rejectCredentialBytes, ErrFormat)
	}
	at := len(dst)
	key = append(make([]byte, 0, rejectKeyBytes+rejectCredentialBytes), key...)
	dst, err := s.openClass(dst, rejectAAD(key, binary.BigEndian.Uint32(value)), value[rejectCredentialBytes:])
	if err == nil && len(dst)-at < len(rejectDigest{}) {
		err = fmt.Errorf("got a record of %d bytes; want at least %d: %w", len(dst)-at, len(rejectDigest{}), ErrFormat)
	}
	return dst, err
}

// del in a batch, which fails only past 4 GB.
func del(b *pebble.Batch, key []byte) {
	if err := b.Delete(key, nil); err != nil {
		panic("storage: BUG: " + err.Error())
	}
}
