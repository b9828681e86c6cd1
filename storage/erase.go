package storage

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"poolwise/engine"
)

// EraseReport says what an erasure destroyed. It names nobody.
type EraseReport struct {
	Round   string
	Classes []ErasedClass // every class that the round ever had
	// Profiles and Rejects that this run deleted; those of an erasure that was cut short are
	// counted by whatever went on with it.
	Profiles, Rejects int
	// Journal is what became unreadable there, now or before.
	Journal ErasedJournal
}

// ErasedClass is one class of the round.
type ErasedClass struct {
	Number          uint32
	Created, Erased time.Time
}

// ErasedJournal counts positions with pieces of the round, the pieces, and their bytes.
type ErasedJournal struct{ Positions, Pieces, Bytes uint64 }

// EraseRound destroys what is kept of people under a round: names, phones, refused items.
// What the rules made of the events stays: coverage, states, tubes.
//
//  1. The round's key is destroyed: the file of rounds is written without it and renamed
//     into place. This is the erasure: one rename, whole or not at all, and whatever was
//     sealed under the key is noise from then on, in every copy of the directory too.
//  2. Profiles and rejects of the class are deleted, and their ranges compacted.
//  3. The store notes that the class is done. What a power cut leaves of 2, another run
//     does, or the next Open.
//  4. The journal is walked, and what is noise in it counted. It cannot be deleted: it is
//     the truth that the state of everyone is derived from.
//
// REQUIRES: no other call is under way.
// ENSURES: an error after step 1 says so; a failed write is Fatal.
func (s *Store) EraseRound(round string) (EraseReport, error) {
	r := EraseReport{Round: round}
	if !isClassName(round) {
		return r, fmt.Errorf("cannot erase a round: got a name of %d bytes; want 1 to %d of 0-9 A-Z a-z . _ -: %w", len(round), classNameBytesMax, ErrClassName)
	}
	if err := errors.Join(s.alive("erase a round"), s.profiles.flush()); err != nil {
		return r, err
	}
	defer s.guard("erase a round")
	numbers := map[uint32]bool{}
	for _, c := range s.destroyKeys(round) {
		r.Classes = append(r.Classes, ErasedClass{c.number, c.created, c.erased})
		numbers[c.number] = true
	}
	if len(numbers) == 0 {
		return r, nil
	}
	var err error
	if r.Profiles, r.Rejects, err = s.deleteClasses(numbers); err == nil {
		r.Journal, err = s.walkErased(numbers)
	}
	if err != nil {
		return r, fmt.Errorf("cannot finish the erasure of round %s, though its key is destroyed: %w", round, err)
	}
	return r, nil
}

// destroyKeys erases the live class of a name and returns all classes of it.
func (s *Store) destroyKeys(name string) (of []*class) {
	c := &s.classes
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table.Load()
	all := append(make([]*class, 0, len(t.all)), t.all...)
	if live := t.live[name]; live != nil {
		all[live.number-1] = live.destroyed()
		if err := c.file.overwrite(all); err != nil {
			s.die("destroy the key of a round", err)
		}
		c.publish(all)
	}
	for _, e := range all {
		if e.name == name {
			of = append(of, e)
		}
	}
	return of
}

// deleteClasses deletes what is stored under classes whose keys are destroyed.
func (s *Store) deleteClasses(numbers map[uint32]bool) (profiles, rejects int, err error) {
	if profiles, err = s.profiles.deleteClasses(numbers); err != nil {
		return profiles, 0, err
	}
	for number := range numbers {
		n, err := s.eraseRejects(number)
		if rejects += n; err != nil {
			return profiles, rejects, err
		}
	}
	// So that the bytes go too; until then they are in tables that nothing reads.
	for _, prefix := range []byte{prefixProfile, prefixReject} {
		if err := s.db.Compact(context.Background(), []byte{prefix}, after(prefix), false); err != nil {
			return profiles, rejects, err
		}
	}
	b := s.db.NewBatch()
	defer b.Close()
	for number := range numbers {
		set(b, classKey(number), classErased)
	}
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		s.die("erase a round", err)
	}
	return profiles, rejects, nil
}

// finishErasures does what an erasure that was cut short has left, or one that this copy
// of the directory has not seen.
func (s *Store) finishErasures() error {
	known, err := s.knownClasses()
	if err != nil {
		return err
	}
	numbers := map[uint32]bool{}
	for i, c := range s.classes.table.Load().all {
		if c.isErased() && (i >= len(known) || !known[i]) {
			numbers[c.number] = true
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	profiles, rejects, err := s.deleteClasses(numbers)
	if err != nil {
		return fmt.Errorf("cannot finish an erasure: %w", err)
	}
	s.o.Logf("storage: finished the erasure of %d rounds: deleted %d profiles and %d rejects", len(numbers), profiles, rejects)
	return nil
}

// deleteClasses deletes the envelopes of classes from all blocks, unsynced.
func (p *Profiles) deleteClasses(numbers map[uint32]bool) (people int, err error) {
	p.storing.Lock()
	defer p.storing.Unlock()
	w := &p.writer
	it, err := p.s.profileIter()
	if err != nil {
		return 0, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return people, errors.Join(err, it.Close())
		}
		gone, err := w.strike(it.Key(), v, numbers)
		if people += gone; err != nil {
			return people, errors.Join(err, it.Close())
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return people, err
	}
	w.commit()
	p.mu.Lock()
	p.stats.Kept = w.people
	p.mu.Unlock()
	return people, nil
}

// strike puts a block without the envelopes of classes into the batch.
func (w *profileWriter) strike(key, v []byte, numbers map[uint32]bool) (gone int, err error) {
	w.value = w.value[:0]
	for rest := v; len(rest) > 0; {
		before := rest
		people, sealed, next, err := nextEnvelope(rest)
		if err != nil {
			return 0, err
		}
		rest = next
		if number, _ := w.p.s.classOf(sealed); numbers[number] {
			gone += people
			continue
		}
		w.value = append(w.value, before[:len(before)-len(next)]...)
	}
	switch {
	case gone == 0:
		return 0, nil
	case len(w.value) > 0:
		set(w.batch, key, w.value)
	default:
		if err := w.batch.Delete(key, nil); err != nil {
			w.p.s.die("erase a round", err)
		}
	}
	w.people -= uint64(gone)
	if w.batch.Len() >= profileBatchBytes {
		w.commit()
	}
	return gone, nil
}

var errOpens = errors.New("something sealed under it still opens")

// walkErased counts the pieces of classes in the journal, and proves that none opens.
func (s *Store) walkErased(numbers map[uint32]bool) (j ErasedJournal, err error) {
	var b engine.Batch
	err = s.Replay(0, func(pos engine.Position, payload []byte, _ HashCheck) error {
		before := j.Pieces
		for len(payload) > 0 {
			b.Reset()
			rest, err := engine.DecodeBatch(payload, &b)
			if err != nil {
				return fmt.Errorf("position %d: %w", pos, err)
			}
			payload = rest
			if err := s.countErased(b.Private, numbers, &j); err != nil {
				return fmt.Errorf("position %d: %w", pos, err)
			}
		}
		if j.Pieces > before {
			j.Positions++
		}
		return nil
	})
	return j, err
}

func (s *Store) countErased(private []byte, numbers map[uint32]bool, j *ErasedJournal) error {
	for len(private) > 0 {
		n, size := binary.Uvarint(private)
		if size <= 0 || n > uint64(len(private)-size) {
			return fmt.Errorf("pieces do not decode: %w", ErrFormat)
		}
		sealed := private[size:][:n]
		private = private[size+int(n):]
		if number, _ := s.classOf(sealed); !numbers[number] {
			continue
		}
		if _, err := s.openClass(nil, batchAAD, sealed); !errors.Is(err, ErrErased) {
			return errOpens
		}
		j.Pieces++
		j.Bytes += n
	}
	return nil
}

// CheckErased proves that nothing of a round is left to read but what came in after its
// erasure: it reads the file of rounds again, all profiles, the rejects and the journal.
// For a store that was opened after the erasure.
func (s *Store) CheckErased(report EraseReport) error {
	all, err := s.classes.file.read()
	if err != nil {
		return err
	}
	numbers := map[uint32]bool{}
	for _, c := range report.Classes {
		if uint64(c.Number) > uint64(len(all)) || c.Number == 0 || !all[c.Number-1].isErased() || all[c.Number-1].name != report.Round {
			return fmt.Errorf("cannot prove the erasure: class %d is not erased in %s: %w", c.Number, s.classes.file.path, errOpens)
		}
		numbers[c.Number] = true
	}
	if len(numbers) == 0 {
		return nil
	}
	profiles, rejects, err := s.deleteClasses(numbers)
	if err == nil && profiles+rejects > 0 {
		err = fmt.Errorf("%d profiles and %d rejects: %w", profiles, rejects, errOpens)
	}
	var j ErasedJournal
	if err == nil {
		j, err = s.walkErased(numbers)
	}
	if err == nil && j != report.Journal {
		err = fmt.Errorf("the journal has %d pieces; want %d: %w", j.Pieces, report.Journal.Pieces, ErrFormat)
	}
	if err != nil {
		return fmt.Errorf("cannot prove the erasure of round %s: %w", report.Round, err)
	}
	return nil
}

// Sign signs a report with a key that follows from the key file's, and returns the public
// key too.
func (s *Store) Sign(report []byte) (public ed25519.PublicKey, signature []byte) {
	key := ed25519.NewKeyFromSeed(s.classes.signer)
	return key.Public().(ed25519.PublicKey), ed25519.Sign(key, report)
}

// ReportKey is the public key that reports of stores with a key file are signed with.
func ReportKey(fs FS, path string) (ed25519.PublicKey, error) {
	key, err := keyFile{fs: fs, path: path}.read()
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(derive(key, "erase report")).Public().(ed25519.PublicKey), nil
}
