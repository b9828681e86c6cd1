package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"poolwise/engine"
)

// batchAAD is what a piece of engine.Batch.Private is sealed with.
var batchAAD = []byte("profile batch")

// Profiles is what names people: their newest profile each, sealed under the round that
// they were last named under.
//
//	Seal → journal → Take → queue → run: open, sort, overlay, seal → Pebble
//
// It is derived from the journal, as the feed is, and stored as lazily: a goroutine of its
// own opens what was taken, sorts it by person and lays it over what is stored, block
// by block, unsynced, into the same log as the journal. So a crash takes the last of it and
// never makes it run ahead of the journal. With the blocks goes the position up to which
// they are complete; a replay brings the rest again, and what it brings twice is the same
// again, for of each field the last word counts.
//
// A block is profileBlockPeople people in one value, an envelope for each round that any of
// them is kept under (profileBlock). A person is in one envelope: a profile that comes in
// under another round moves to that one's, unchanged or not.
//
// CPU of one profile of 90 bytes, flushes and compactions included (BenchmarkProfiles, a
// million people): 0.6 µs at first, 0.55 with another phone, 0.65 under another round, 0.13
// unchanged. In no order at all: 2.3, 3.1 and 0.8, for then few of a run share a block; a value
// a person costs 1.4 and, to be changed, 13 in any order (BenchmarkProfilesEach). A city of ten
// million is stored in 5 s beside a journal, and changed in 8 (BenchmarkProfilesCity).
//
// Memory: profileQueueBytesMax waiting, and some 3 × profileRunBytes under way; one batch
// larger than either passes alone.
//
// Take has one caller; all else may be called from any goroutine.
type Profiles struct {
	s *Store

	mu      sync.Mutex // guards all below; nothing else is locked while it is held
	changed *sync.Cond // queue, storedTakes, closed
	queue   []*takenBatch
	free    []*takenBatch
	bytes   int    // of the queue, and of what run has taken off and not stored
	takes   uint64 // ever
	stored  uint64 // of them
	known   engine.Position
	stats   ProfileStats
	closed  bool
	stopped chan struct{} // closed when run has returned

	storing sync.Mutex // guards writer; taken before mu
	writer  profileWriter
}

// ProfileStats: QueuedBytes and Kept are as of now, the others count since Open.
type ProfileStats = struct {
	QueuedBytes int    // taken and not stored yet
	Kept        uint64 // people that have a profile
	Written     uint64 // profiles new, changed, moved to another round or taken back
	Unchanged   uint64 // profiles that were stored as they came
	Erased      uint64 // pieces of batches whose round was erased
	Waits       uint64 // of Take, for room in the queue
}

// takenBatch is what Take copies of a batch.
type takenBatch struct {
	pos     engine.Position
	private []byte
	who     []engine.PersonOrdinal // by row; 0: it does not count
}

func (t *takenBatch) bytes() int { return len(t.private) + 4*len(t.who) }

// Profiles of the store.
func (s *Store) Profiles() *Profiles { return s.profiles }

// Seal appends plain, sealed under a class, to dst: a piece of engine.Batch.Private. The
// first use of a class makes its key and waits until that is durable.
func (p *Profiles) Seal(dst []byte, class string, plain []byte) ([]byte, error) {
	return p.s.sealClass(dst, class, batchAAD, plain)
}

// Take keeps the profiles of an applied batch. It copies. Positions that are stored already
// are dropped. A row counts if it was accepted, or is a roster's that said nothing new: to
// the rules a new phone number is nothing new.
//
// REQUIRES: one goroutine; the group at pos is synced; positions ascend, but may begin
// again at an older one after Open; of a batch's Private each row is in one piece.
func (p *Profiles) Take(pos engine.Position, b *engine.Batch) {
	if len(b.Private) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pos <= p.known {
		return
	}
	size := len(b.Private) + 4*len(b.Who)
	for p.bytes > 0 && p.bytes+size > profileQueueBytesMax && !p.closed {
		p.stats.Waits++
		p.changed.Wait()
	}
	t := p.newTaken()
	t.pos = pos
	t.private = append(t.private, b.Private...)
	for k, who := range b.Who {
		if b.Outcome[k] != engine.Accepted && (b.Outcome[k] != engine.Duplicate || b.Kind[k] != engine.KindRoster) {
			who = 0
		}
		t.who = append(t.who, who)
	}
	p.queue = append(p.queue, t)
	p.bytes += size
	p.takes++
	p.changed.Broadcast()
}

func (p *Profiles) newTaken() *takenBatch {
	n := len(p.free)
	if n == 0 {
		return new(takenBatch)
	}
	t := p.free[n-1]
	p.free = p.free[:n-1]
	return t
}

// release keeps a batch's memory for another. mu is held.
func (p *Profiles) release(t *takenBatch) {
	if len(p.free) >= profileFreeBatches || cap(t.private)+4*cap(t.who) > profileRetainedBytes {
		return
	}
	t.private, t.who = t.private[:0], t.who[:0]
	p.free = append(p.free, t)
}

// Stats now.
func (p *Profiles) Stats() ProfileStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	stats := p.stats
	stats.QueuedBytes = p.bytes
	return stats
}

// flush returns when all that was taken before the call is stored, unsynced.
func (p *Profiles) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for target := p.takes; p.stored < target && !p.closed; {
		p.changed.Wait()
	}
	if p.closed {
		return ErrClosed
	}
	return nil
}

// Read calls fn for each of the people that has a profile, by its place in who; fields are
// those of engine.NextField, valid during the call. It sees what was taken before it began,
// and waits until that is stored. Fastest in ascending order, which opens each block once.
func (p *Profiles) Read(who []engine.PersonOrdinal, fn func(i int, fields []byte)) error {
	if err := p.flush(); err != nil {
		return fmt.Errorf("cannot read profiles: %w", err)
	}
	b := profileBlocks.Get().(*profileBlock)
	defer profileBlocks.Put(b)
	it, err := p.s.profileIter()
	if err == nil {
		err = errors.Join(p.s.readProfiles(it, b, who, fn), it.Error(), it.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot read profiles: %w", err)
	}
	return nil
}

var profileBlocks = sync.Pool{New: func() any { return new(profileBlock) }}

func (s *Store) readProfiles(it *pebble.Iterator, b *profileBlock, who []engine.PersonOrdinal, fn func(i int, fields []byte)) error {
	open, there := uint32(0), false
	for i, person := range who {
		number, slot := blockOf(person)
		if !there || number != open {
			if _, err := s.readBlock(it, b, number); err != nil {
				return fmt.Errorf("block %d: %w", number, err)
			}
			open, there = number, true
		}
		if fields := b.fields(slot); len(fields) > 0 {
			fn(i, fields)
		}
	}
	return nil
}

// profileIter goes over blocks. Seeking with one is half the work of a Get, and a tenth
// where blocks are neighbours.
func (s *Store) profileIter() (*pebble.Iterator, error) {
	return s.db.NewIter(&pebble.IterOptions{LowerBound: profileKey(0), UpperBound: after(prefixProfile)})
}

// readBlock fills b, which points into the iterator until that moves on, and returns
// whether the block is there.
func (s *Store) readBlock(it *pebble.Iterator, b *profileBlock, number uint32) (there bool, err error) {
	key := profileKey(number)
	if !it.SeekGE(key) || string(it.Key()) != string(key) {
		b.reset(number)
		return false, it.Error()
	}
	v, err := it.ValueAndErr()
	if err != nil {
		return false, err
	}
	return true, b.load(s, number, v)
}

func blockOf(person engine.PersonOrdinal) (number uint32, slot int) {
	return uint32(person) / profileBlockPeople, int(person % profileBlockPeople)
}

// The record at the prefix alone: the position up to which the blocks are complete, and
// how many people they hold. It has no ciphertext, only a tag.
var keyProfiles = []byte{prefixProfile}

const profilesClearBytes = 8 + 8

func (p *Profiles) readRecord() (complete engine.Position, people uint64, err error) {
	v, err := getCopy(p.s.db, keyProfiles)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	var sc sealScratch
	if _, err := p.s.seal.open(nil, keyProfiles, v, profilesClearBytes, &sc); err != nil {
		return 0, 0, err
	}
	c := v[envelopeBytes:]
	return engine.Position(binary.BigEndian.Uint64(c)), binary.BigEndian.Uint64(c[8:]), nil
}

// openProfiles starts the goroutine.
func (s *Store) openProfiles() error {
	p := &Profiles{s: s, stopped: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	complete, people, err := p.readRecord()
	if err != nil {
		return fmt.Errorf("cannot read how far the profiles go: %w", err)
	}
	if complete > s.Last() {
		return fmt.Errorf("cannot read profiles: they are complete up to position %d; the journal ends at %d: %w", complete, s.Last(), ErrJournalGap)
	}
	w := &p.writer
	w.p, w.complete, w.people = p, complete, people
	last, err := lastKey(s.db, prefixProfile)
	if err != nil {
		return err
	}
	if len(last) == profileKeyBytes {
		w.top, w.any = binary.BigEndian.Uint32(last[1:]), true
	}
	w.batch = s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(4 * profileBatchBytes))
	p.known, p.stats.Kept = complete, people
	s.profiles = p
	go p.run()
	return nil
}

// close ends the goroutine, which stores the rest before.
func (p *Profiles) close() {
	p.mu.Lock()
	p.closed = true
	p.changed.Broadcast()
	p.mu.Unlock()
	<-p.stopped
	if err := p.writer.batch.Close(); err != nil {
		p.s.o.Logf("storage: cannot close the batch of the profiles: %v", err)
	}
}
