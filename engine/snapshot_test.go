package engine_test

import (
	"bytes"
	"errors"
	"fmt"

	"poolwise/engine"
)

// page is one copied page of a snapshot.
type page struct {
	column uint8
	number uint32
	data   []byte
}

// snapshotAndTail ensures that a snapshot begun at any moment, copied while the writer goes
// on, and the journal's tail give the same engine.
func snapshotAndTail(seed uint64, events []event) error {
	d := newDice(seed, 400)
	desk := newDesk()
	parts := cuts(events, seed, 1)
	begin := d.IntN(len(parts) + 1)
	copies := []int{0, 0, 64}[d.IntN(3)]
	var snap *engine.Snapshot
	var hash uint64
	var copied []page
	buf := make([]byte, engine.PageBytes)
	next := func() bool {
		p, ok := snap.Next(buf)
		if ok {
			copied = append(copied, page{p.Column, p.Page, bytes.Clone(p.Data)})
		}
		return ok
	}
	for i := 0; i <= len(parts); i++ {
		if i == begin {
			hash = desk.StateHash()
			snap = desk.BeginSnapshot(copies)
		}
		for n := d.IntN(4); snap != nil && n > 0 && next(); n-- {
		}
		if i < len(parts) {
			desk.apply(parts[i], desk.find, never)
		}
	}
	for next() {
	}
	desk.EndSnapshot()
	if at := snap.At(); at != engine.Position(begin) {
		return fmt.Errorf("snapshot: want position %d; got %d", begin, at)
	}
	d.Shuffle(len(copied), func(i, j int) { copied[i], copied[j] = copied[j], copied[i] })
	loaded, err := load(snap.At(), snap.Meta(), copied)
	if err != nil {
		return err
	}
	if got := loaded.StateHash(); got != hash {
		return fmt.Errorf("state hash at the snapshot: want %x; got %x after loading", hash, got)
	}
	if err := loaded.Check(); err != nil {
		return fmt.Errorf("after loading: %w", err)
	}
	for _, group := range desk.groups[begin:] {
		changes, err := loaded.replay(group.encoded)
		if err != nil {
			return err
		}
		if w, g := entriesOf(&group.changes, true), entriesOf(&changes, true); w != g {
			return fmt.Errorf("feed of group %d:\n%safter loading:\n%s", loaded.applied, w, g)
		}
	}
	if want, got := desk.StateHash(), loaded.StateHash(); want != got {
		return fmt.Errorf("state hash at the end: want %x; got %x from snapshot and tail", want, got)
	}
	return errors.Join(loaded.Check(), desk.Check())
}

// load makes an engine from the pages of a snapshot.
func load(at engine.Position, meta []byte, copied []page) (*desk, error) {
	loaded := newDesk()
	if err := loaded.LoadMeta(at, meta); err != nil {
		return nil, fmt.Errorf("cannot load the snapshot's scalars: %w", err)
	}
	for _, p := range copied {
		if err := loaded.LoadPage(p.column, p.number, p.data); err != nil {
			return nil, fmt.Errorf("cannot load page %d of column %d: %w", p.number, p.column, err)
		}
	}
	err := loaded.FinishLoad(func(jobs []func()) {
		for _, job := range jobs {
			job()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("cannot finish loading: %w", err)
	}
	loaded.applied = at
	return loaded, nil
}
