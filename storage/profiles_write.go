package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"poolwise/engine"
)

// profileWriter is the goroutine of the profiles and its memory.
//
// Blocks are set through the log rather than ingested as tables, as the feed's are. A table a
// run would save 0.2 µs a person (BenchmarkProfilesIngest), and cost a file and two syncs that
// the journal's wait behind; and one log keeps one order, in which a synced record makes
// everything before it durable.
type profileWriter struct {
	p        *Profiles
	complete engine.Position // all taken up to here is in the batch or stored
	people   uint64          // that have a profile
	top      uint32          // greatest block stored, if any
	any      bool

	batch   *pebble.Batch
	it      *pebble.Iterator // of the run, once it needs one
	plain   []byte           // of the run's batches
	pieces  []profileRow     // by row, of all batches of the run
	order   []uint64         // person<<32 | place in pieces, of those that count
	block   profileBlock
	value   []byte
	sc      sealScratch
	changes ProfileStats // of the run
}

// profileRow is what one row says of its person: plain[off : off+len], under a class.
type profileRow struct {
	class    uint32
	off, len uint32
}

// run stores what is taken, in order, profileRunBytes at a time.
func (p *Profiles) run() {
	defer close(p.stopped)
	defer p.s.guard("write profiles")
	w := &p.writer
	for {
		p.mu.Lock()
		for len(p.queue) == 0 && !p.closed {
			p.changed.Wait()
		}
		if len(p.queue) == 0 {
			p.mu.Unlock()
			return
		}
		n, bytes := 0, 0
		for n < len(p.queue) && bytes < profileRunBytes {
			bytes += p.queue[n].bytes()
			n++
		}
		run := slices.Clone(p.queue[:n])
		p.queue = slices.Delete(p.queue, 0, n)
		p.mu.Unlock()

		p.storing.Lock()
		w.store(run)
		p.mu.Lock()
		for _, t := range run {
			p.release(t)
		}
		p.bytes -= bytes
		p.stored += uint64(n)
		p.stats.Kept = w.people
		p.stats.Written += w.changes.Written
		p.stats.Unchanged += w.changes.Unchanged
		p.stats.Erased += w.changes.Erased
		p.changed.Broadcast()
		p.mu.Unlock()
		p.storing.Unlock()
	}
}

// store lays a run of batches over what is stored.
func (w *profileWriter) store(run []*takenBatch) {
	w.changes = ProfileStats{}
	w.forget()
	for _, t := range run {
		if err := w.open(t); err != nil {
			w.p.s.die(fmt.Sprintf("read the profiles of position %d", t.pos), err)
		}
	}
	if !slices.IsSorted(w.order) { // new people come in the order of their numbers
		slices.Sort(w.order)
	}
	for order := w.order; len(order) > 0; {
		number, _ := blockOf(engine.PersonOrdinal(order[0] >> 32))
		n := 1
		for n < len(order) && uint32(order[n]>>32)/profileBlockPeople == number {
			n++
		}
		w.update(number, order[:n])
		if order = order[n:]; w.batch.Len() >= profileBatchBytes && len(order) > 0 {
			w.commit()
		}
	}
	if last := run[len(run)-1].pos; last > 0 {
		w.complete = max(w.complete, last-1) // of last itself there may be more to come
	}
	w.commit()
	if w.it != nil {
		if err := w.it.Close(); err != nil {
			w.p.s.die("read profiles", err)
		}
		w.it = nil
	}
}

// forget empties the run's memory; what an outsized batch needed is let go of.
func (w *profileWriter) forget() {
	clear(w.plain) // names
	w.plain, w.pieces, w.order = w.plain[:0], w.pieces[:0], w.order[:0]
	if cap(w.plain) > 4*profileRunBytes {
		w.plain = nil
	}
	if cap(w.pieces) > profileRunBytes {
		w.pieces, w.order = nil, nil
	}
}

// open unseals the pieces of one batch and notes what they say of whom.
func (w *profileWriter) open(t *takenBatch) error {
	base := len(w.pieces)
	w.pieces = append(w.pieces, make([]profileRow, len(t.who))...)
	for private := t.private; len(private) > 0; {
		n, size := binary.Uvarint(private)
		if size <= 0 || n > uint64(len(private)-size) {
			return fmt.Errorf("pieces do not decode: %w", ErrFormat)
		}
		sealed := private[size:][:n]
		private = private[size+int(n):]
		from := len(w.plain)
		var err error
		w.plain, err = w.p.s.openClass(w.plain, batchAAD, sealed)
		if errors.Is(err, ErrErased) {
			w.changes.Erased++
			continue
		}
		if err != nil {
			return err
		}
		of, _ := w.p.s.classOf(sealed)
		if err := w.note(t.who, base, of, from); err != nil {
			return err
		}
	}
	return nil
}

// note reads one piece, plain[from:].
func (w *profileWriter) note(who []engine.PersonOrdinal, base int, of uint32, from int) error {
	for at := from; at < len(w.plain); {
		row, size := binary.Uvarint(w.plain[at:])
		n, more := binary.Uvarint(w.plain[at+max(size, 0):])
		at += size + more
		if size <= 0 || more <= 0 || row >= uint64(len(who)) || n > uint64(len(w.plain)-at) {
			return fmt.Errorf("a piece does not decode: %w", ErrFormat)
		}
		if person := who[row]; person != 0 {
			place := base + int(row)
			w.pieces[place] = profileRow{class: of, off: uint32(at), len: uint32(n)}
			w.order = append(w.order, uint64(person)<<32|uint64(place))
		}
		at += int(n)
	}
	return nil
}

// update lays the rows of one block's people over it, and puts it into the batch if that
// changed anything.
func (w *profileWriter) update(number uint32, rows []uint64) {
	s, b := w.p.s, &w.block
	key := profileKey(number)
	there := false
	if w.any && number <= w.top {
		var err error
		if w.it == nil {
			w.it, err = s.profileIter() // each block is read once a run, before it is written
		}
		if err == nil {
			there, err = s.readBlock(w.it, b, number)
		}
		if err != nil {
			s.die(fmt.Sprintf("read the profiles of block %d", number), err)
		}
	} else {
		b.reset(number)
	}
	written := uint64(0)
	for _, r := range rows {
		p := &w.pieces[uint32(r)]
		_, slot := blockOf(engine.PersonOrdinal(r >> 32))
		changed, people := b.overlay(slot, s.classes.of(p.class), w.plain[p.off:p.off+p.len])
		if !changed {
			w.changes.Unchanged++
			continue
		}
		written++
		w.people += uint64(people) // −1 wraps, and comes out right
	}
	if written == 0 {
		return
	}
	w.changes.Written += written
	if w.value = b.append(w.value[:0]); len(w.value) > 0 {
		set(w.batch, key, w.value)
		w.top, w.any = max(w.top, number), true
	} else if there {
		if err := w.batch.Delete(key, nil); err != nil {
			s.die("write profiles", err)
		}
	}
}

// commit stores the batch with the record of how far the blocks go.
//
// A replay whose blocks span two commits may find some of them stored and the position
// still the older one; it lays the same over them again.
func (w *profileWriter) commit() {
	s := w.p.s
	v := make([]byte, sealedBytes(profilesClearBytes, 0))
	binary.BigEndian.PutUint64(v[envelopeBytes:], uint64(w.complete))
	binary.BigEndian.PutUint64(v[envelopeBytes+8:], w.people)
	s.seal.seal(v, keyProfiles, profilesClearBytes, nil, &w.sc)
	set(w.batch, keyProfiles, v)
	if err := s.db.Apply(w.batch, pebble.NoSync); err != nil {
		s.die("write profiles", err)
	}
	w.batch.Reset()
}
