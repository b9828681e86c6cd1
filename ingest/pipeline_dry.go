package ingest

import (
	"errors"
	"fmt"

	"poolwise/engine"
)

// ErrDryRunPanicked: the rules panicked in a dry run. It is our bug; nothing has changed.
var ErrDryRunPanicked = errors.New("the rules stopped in a dry run")

// errDryRunTooLarge: a dry run copies what it touches, and may not copy without end.
var errDryRunTooLarge = &RequestError{CodeTooManyItems, "The items concern too much at once for a dry run; send them in several parts. Nothing was applied."}

// DryRun decodes the body and tells in r what Do would have told: what would become of its
// items if they were applied now. Nothing of it reaches journal, state, feed or profiles.
//
// The writer does it between two groups, on a fork of the engine, one at a time; what has
// gone cold is fetched before, so that the writer does not wait for it. More than a few
// that wait are refused with ErrOverloaded.
func (p *Pipeline) DryRun(r *Request, f Format, o Options) error {
	if err := p.decodeDry(r, f, o); err != nil {
		return err
	}
	if r.Decoded.Batch.Len() == 0 {
		r.Position = p.cfg.Machine.Applied()
		r.applied = p.now()
		return nil
	}
	if !p.cfg.Machine.Room() {
		return ErrFull
	}
	select {
	case p.dryPlaces <- struct{}{}:
		defer func() { <-p.dryPlaces }()
	default:
		p.stats.Overloaded.Add(1)
		return ErrOverloaded
	}
	p.dryTurn.Lock()
	defer p.dryTurn.Unlock()
	if p.dead.Load() {
		return ErrStopped
	}
	if p.cfg.Machine.HasCold() {
		if err := p.fetching(func(run func(jobs []func())) { p.cfg.Machine.WarmDryRun(&r.Decoded.Batch, run) }); err != nil {
			p.die(err)
			return ErrStopped
		}
	}
	select {
	case p.dry <- r:
		<-r.done
		return r.err
	case <-p.written:
		return ErrStopped
	}
}

// decodeDry is decode, but what names people is only checked: to seal it could make a key
// for its round.
func (p *Pipeline) decodeDry(r *Request, f Format, o Options) error {
	if err := r.readWorkbook(f, o); err != nil {
		return err
	}
	decoder := <-p.decoders
	defer func() { p.decoders <- decoder }()
	if err := r.decodeRead(decoder, f, o); err != nil {
		return err
	}
	if r.Decoded.Batch.Len() > 0 {
		r.journal = engine.AppendBatch(r.journal[:0], &r.Decoded.Batch)
	}
	if len(r.journal) > JournalRequestBytesMax {
		return ErrBatchTooLarge
	}
	return nil
}

// tryOut does a dry run and answers it. Writer goroutine.
func (p *Pipeline) tryOut(r *Request) {
	began := p.now()
	if r.err = p.dryRun(&r.Decoded.Batch); r.err != nil && !errors.Is(r.err, errDryRunTooLarge) {
		p.cfg.Logf("cannot answer a dry run, nothing has changed: %v", r.err)
	}
	r.Position, r.applied = p.cfg.Machine.Applied(), p.now()
	p.stats.WriterBusyNanos.Add(uint64(r.applied - began))
	r.done <- struct{}{}
}

func (p *Pipeline) dryRun(b *engine.Batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %s", ErrDryRunPanicked, panicPlace(v))
		}
	}()
	if !p.cfg.Machine.DryRun(b) {
		return errDryRunTooLarge
	}
	return nil
}
