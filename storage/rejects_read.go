package storage

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// rejectWalk goes through records and their counts.
type rejectWalk struct {
	s  *Store
	it *pebble.Iterator
	ok bool // the iterator stands at a record
	sc sealScratch

	number uint64
	times  uint32
	owner  uint32
	class  uint32
	value  int    // its length
	plain  []byte // digest and record
	erased error  // ErrErased, or nil
	err    error
}

func (w *rejectWalk) record() []byte { return w.plain[len(rejectDigest{}):] }

// walkRejects begins after a number and ends with another.
func (s *Store) walkRejects(after, last uint64) (*rejectWalk, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: rejectKey(after + 1), UpperBound: append(rejectKey(last), rejectCountMark+1)})
	if err != nil {
		return nil, err
	}
	w := &rejectWalk{s: s, it: it}
	w.ok = it.First()
	return w, nil
}

// next reads a record and its count; false at the end and at an error, which close returns.
func (w *rejectWalk) next() bool {
	if !w.ok || w.err != nil {
		return false
	}
	key := w.it.Key()
	if len(key) != rejectKeyBytes {
		return w.fail(fmt.Errorf("key of %d bytes; want %d: %w", len(key), rejectKeyBytes, ErrFormat))
	}
	w.number, w.times = numberOf(key), 1
	v, err := w.it.ValueAndErr()
	if err != nil {
		return w.fail(err)
	}
	w.erased = nil
	w.plain, err = w.s.openReject(w.plain[:0], key, v)
	if errors.Is(err, ErrErased) {
		w.erased, err = err, nil
	}
	if err != nil {
		return w.fail(fmt.Errorf("record %d: %w", w.number, err))
	}
	w.value, w.owner = len(v), binary.BigEndian.Uint32(v)
	w.class, _ = w.s.classOf(v[rejectCredentialBytes:])
	if w.ok = w.it.Next(); !w.ok {
		return true
	}
	key = w.it.Key()
	if len(key) != rejectCountKeyBytes || numberOf(key) != w.number {
		return true
	}
	if v, err = w.it.ValueAndErr(); err != nil {
		return w.fail(err)
	}
	count, err := w.s.seal.open(nil, key, v, 0, &w.sc)
	if err == nil && len(count) != 4 {
		err = ErrFormat
	}
	if err != nil {
		return w.fail(fmt.Errorf("count of record %d: %w", w.number, err))
	}
	w.times = binary.BigEndian.Uint32(count)
	w.ok = w.it.Next()
	return true
}

func (w *rejectWalk) fail(err error) bool {
	w.err = err
	return false
}

func (w *rejectWalk) close() error { return errors.Join(w.err, w.it.Error(), w.it.Close()) }

// openRejects learns the keys of all records again, and removes those whose class was erased.
func (s *Store) openRejects() error {
	r := &Rejects{s: s, index: map[rejectDigest]rejectEntry{}, credentials: map[string]uint32{"": 0}, rooms: []rejectRoom{{}}}
	s.rejects = r
	err := r.openHead()
	if err == nil {
		err = r.openIndex()
	}
	if err != nil {
		return fmt.Errorf("cannot read the rejects: %w", err)
	}
	r.synced.Store(r.last)
	return nil
}

// openHead reads the highest number and the names of credentials.
func (r *Rejects) openHead() error {
	it, err := r.s.db.NewIter(&pebble.IterOptions{LowerBound: keyRejectHead, UpperBound: after(prefixRejectHead)})
	if err != nil {
		return err
	}
	var sc sealScratch
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		key := it.Key()
		v, verr := it.ValueAndErr()
		if err = verr; err != nil {
			break
		}
		plain, serr := r.s.seal.open(nil, key, v, 0, &sc)
		switch {
		case serr != nil:
			err = fmt.Errorf("head record %x: %w", key, serr)
		case len(key) == 1 && len(plain) == 8:
			r.last = binary.BigEndian.Uint64(plain)
		case len(key) == credentialKeyBytes && binary.BigEndian.Uint32(key[1:]) == uint32(len(r.rooms)):
			r.credentials[string(plain)] = uint32(len(r.rooms))
			r.rooms = append(r.rooms, rejectRoom{name: string(plain)})
		default:
			err = fmt.Errorf("head record %x of %d bytes, after %d credentials: %w", key, len(plain), len(r.rooms), ErrFormat)
		}
	}
	return errors.Join(err, it.Error(), it.Close())
}

func (r *Rejects) openIndex() error {
	w, err := r.s.walkRejects(0, ^uint64(0))
	if err != nil {
		return err
	}
	b := r.s.db.NewBatch()
	defer b.Close()
	for w.next() {
		if w.number > r.last || int(w.owner) >= len(r.rooms) {
			w.fail(fmt.Errorf("record %d of credential %d; the highest are %d and %d: %w", w.number, w.owner, r.last, len(r.rooms)-1, ErrFormat))
			break
		}
		if w.erased != nil {
			if err := r.s.dropReject(b, w.number); err != nil {
				w.fail(err)
				break
			}
			continue
		}
		size := rejectSize(w.value)
		r.index[rejectDigest(w.plain)] = rejectEntry{w.number, size, w.times}
		r.grow(w.owner, 1, int64(size))
	}
	if err := w.close(); err != nil || b.Empty() {
		return err
	}
	return r.s.db.Apply(b, pebble.Sync)
}

// dropReject removes a record and its count, and commits when that is much.
func (s *Store) dropReject(b *pebble.Batch, number uint64) error {
	del(b, rejectKey(number))
	del(b, rejectCountKey(number))
	if b.Len() < rejectCommitBytes {
		return nil
	}
	defer b.Reset()
	return s.db.Apply(b, pebble.NoSync) // the last commit is synced, and this one with it
}

// eraseRejects removes the records that are sealed under a class, durable, and returns how
// many there were. Their class may be erased already.
func (s *Store) eraseRejects(class uint32) (n int, err error) {
	const what = "erase rejects"
	if err := s.alive(what); err != nil {
		return 0, err
	}
	defer s.guard(what)
	r := s.rejects
	r.mu.Lock()
	defer r.mu.Unlock()
	w, err := s.walkRejects(0, ^uint64(0))
	if err != nil {
		return 0, fmt.Errorf("cannot erase rejects: %w", err)
	}
	b := s.db.NewBatch()
	defer b.Close()
	gone := map[uint64]uint32{} // number: credential
	for w.next() {
		if w.class == class {
			gone[w.number] = w.owner
			if err := s.dropReject(b, w.number); err != nil {
				s.die(what, err)
			}
		}
	}
	if err := w.close(); err != nil {
		return 0, fmt.Errorf("cannot erase rejects: %w", err)
	}
	if len(gone) == 0 {
		return 0, nil
	}
	if b.Empty() { // the last of them filled a commit
		err = s.db.LogData(nil, pebble.Sync)
	} else {
		err = s.db.Apply(b, pebble.Sync)
	}
	if err != nil {
		s.die(what, err)
	}
	for digest, e := range r.index { // an erased record does not tell its digest
		if owner, ok := gone[e.number]; ok {
			delete(r.index, digest)
			r.grow(owner, -1, -int64(e.size))
		}
	}
	return len(gone), nil
}
