package storage

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"poolwise/engine"
)

// HashCheck is the engine's state hash after position At; the zero value is none.
type HashCheck struct {
	At   engine.Position
	Hash uint64
}

// The clear part of a journal value: rules version, the predecessor's tag, hash check.
// It can be checked without the key, and not altered without it.
const journalClearBytes = 2 + tagBytes + 8 + 8

// journal is the appending end. Only last and bytes are read by other goroutines.
type journal struct {
	batch *pebble.Batch
	key   [journalKeyBytes]byte
	tag   [tagBytes]byte // of the record at last
	sc    sealScratch
	last  atomic.Uint64
	bytes atomic.Uint64
}

// openJournal finds the end, and refuses to continue a record it cannot unseal.
func (s *Store) openJournal() error {
	j := &s.journal
	j.batch = s.db.NewBatchWithSize(1<<20+4096, pebble.WithMaxRetainedSizeBytes(journalRetainedBytes))
	j.key[0] = prefixJournal
	key, err := lastKey(s.db, prefixJournal)
	if err != nil || key == nil {
		return err
	}
	if len(key) != journalKeyBytes {
		return fmt.Errorf("cannot read the journal's end: key of %d bytes; want %d: %w", len(key), journalKeyBytes, ErrFormat)
	}
	v, err := getCopy(s.db, key)
	if err != nil {
		return err
	}
	if _, err := s.seal.open(nil, key, v, journalClearBytes, &j.sc); err != nil {
		return fmt.Errorf("cannot read the journal's end at position %d: %w", numberOf(key), err)
	}
	j.last.Store(numberOf(key))
	copy(j.tag[:], v[len(v)-tagBytes:])
	return nil
}

// Last is the position of the last record, 0 for an empty journal.
func (s *Store) Last() engine.Position { return engine.Position(s.journal.last.Load()) }

// JournalBytes appended since Open, sealed.
func (s *Store) JournalBytes() uint64 { return s.journal.bytes.Load() }

// Append seals payload at the next position and returns once it is synced. The payload
// stays the caller's.
//
// REQUIRES: one goroutine.
// ENSURES: an error means that nothing was appended; a failed write or sync is Fatal.
func (s *Store) Append(payload []byte, check HashCheck) (engine.Position, error) {
	if err := s.alive("append to the journal"); err != nil {
		return 0, err
	}
	if len(payload) > JournalPayloadBytesMax {
		return 0, fmt.Errorf("cannot append to the journal: got %d bytes; want at most %d: %w",
			len(payload), JournalPayloadBytesMax, ErrTooLarge)
	}
	defer s.guard("append to the journal")
	j := &s.journal
	pos := j.last.Load() + 1
	binary.BigEndian.PutUint64(j.key[1:], pos)

	// The value is sealed where Pebble's log will read it: one pass over the payload.
	j.batch.Reset()
	size := sealedBytes(journalClearBytes, len(payload))
	op := j.batch.SetDeferred(journalKeyBytes, size)
	copy(op.Key, j.key[:])
	putJournalClear(op.Value, s.o.RulesVersion, &j.tag, check)
	s.seal.seal(op.Value, j.key[:], journalClearBytes, payload, &j.sc)
	tag := [tagBytes]byte(op.Value[size-tagBytes:])
	if err := op.Finish(); err != nil {
		s.die("append to the journal", err)
	}
	if err := s.db.Apply(j.batch, pebble.Sync); err != nil {
		s.die("append to the journal", err)
	}
	if s.dead.Load() { // a background write failed meanwhile: acknowledge nothing more
		s.die("append to the journal", errEarlier)
	}
	j.tag = tag
	j.bytes.Add(uint64(size))
	j.last.Store(pos)
	return engine.Position(pos), nil
}

func putJournalClear(v []byte, rules uint16, previous *[tagBytes]byte, check HashCheck) {
	c := v[envelopeBytes:]
	binary.BigEndian.PutUint16(c, rules)
	copy(c[2:], previous[:])
	binary.BigEndian.PutUint64(c[18:], uint64(check.At))
	binary.BigEndian.PutUint64(c[26:], check.Hash)
}

// Replay calls fn for every record after the given position, in order. The payload is
// valid during the call.
//
// ENSURES: every record was sealed by this store at this position, continues the one
// before it and has this rules version; else Replay stops with ErrJournalGap, ErrFormat,
// ErrSeal, ErrRulesVersion or ErrChain, before fn sees the record. An error of fn ends it.
//
// Reading and unsealing run ahead on another goroutine: they cost about as much as
// applying does, and the second core is idle at a restart.
func (s *Store) Replay(after engine.Position, fn func(pos engine.Position, payload []byte, check HashCheck) error) error {
	last := s.Last()
	if after == last {
		return nil
	}
	r := replay{s: s, next: uint64(after) + 1}
	if after > last {
		return fmt.Errorf("cannot replay after position %d: the journal ends at %d: %w", after, last, ErrJournalGap)
	}
	if after > 0 {
		v, err := getCopy(s.db, journalKey(after))
		if err != nil || len(v) < sealedBytes(journalClearBytes, 0) {
			return fmt.Errorf("cannot replay after position %d: its record is not there: %w", after, ErrJournalGap)
		}
		copy(r.tag[:], v[len(v)-tagBytes:])
	}
	err := s.readAhead(journalKey(after+1), journalKey(last+1), r.read, func(c *chunk, it *item) error {
		return fn(engine.Position(it.number), c.buf[it.from:it.to], it.check)
	})
	if err == nil && r.next != uint64(last)+1 {
		err = fmt.Errorf("position %d is not there: %w", r.next, ErrJournalGap)
	}
	if err != nil {
		return fmt.Errorf("cannot replay the journal: %w", err)
	}
	return nil
}

// replay is the state of the reading goroutine.
type replay struct {
	s    *Store
	next uint64
	tag  [tagBytes]byte
	sc   sealScratch
}

// read checks one record and unseals it into the chunk.
func (r *replay) read(key, v []byte, c *chunk) error {
	if len(key) != journalKeyBytes {
		return fmt.Errorf("key of %d bytes; want %d: %w", len(key), journalKeyBytes, ErrFormat)
	}
	if pos := numberOf(key); pos != r.next {
		return fmt.Errorf("got position %d; want %d: %w", pos, r.next, ErrJournalGap)
	}
	from := len(c.buf)
	buf, err := r.s.seal.open(c.buf, key, v, journalClearBytes, &r.sc)
	if err != nil {
		return fmt.Errorf("position %d: %w", r.next, err)
	}
	c.buf = buf
	clear := v[envelopeBytes : envelopeBytes+journalClearBytes]
	if rules := binary.BigEndian.Uint16(clear); rules != r.s.o.RulesVersion {
		return fmt.Errorf("position %d: got rules version %d; want %d: %w", r.next, rules, r.s.o.RulesVersion, ErrRulesVersion)
	}
	if [tagBytes]byte(clear[2:]) != r.tag {
		return fmt.Errorf("position %d: it follows another record than position %d: %w", r.next, r.next-1, ErrChain)
	}
	copy(r.tag[:], v[len(v)-tagBytes:])
	c.items = append(c.items, item{
		number: r.next, from: from, to: len(c.buf),
		check: HashCheck{At: engine.Position(binary.BigEndian.Uint64(clear[18:])), Hash: binary.BigEndian.Uint64(clear[26:])},
	})
	r.next++
	return nil
}
