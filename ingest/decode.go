// Package ingest turns the bytes of a request into columns for the engine.
//
// Its few types: a Decoder reads NDJSON or JSON bodies; Options say what the
// request may hold and when it came; Decoded is the outcome, an engine.Batch of
// the well-formed items and an ItemError for each of the others. People is what
// a decoder needs of the engine.
//
// It promises that one bad item never costs the others, that the same body gives
// the same batch on every machine, that memory is bounded by limits.go, and that a
// Decoder in steady state allocates nothing. It decides nothing about tubes and
// people: items are only well-formed or not.
//
// Start reading at Decoder.NDJSON in ndjson.go.
package ingest

import (
	"bytes"
	"time"

	"poolwise/engine"
)

// Endpoint tells which types of events a request may hold.
type Endpoint uint8

const (
	Events  Endpoint = iota // any type, and "type" is needed
	Scans                   // only scan, and "type" may be absent
	Results                 // only result, and "type" may be absent
	Areas                   // master data, from here on: no "type"
	Sites
	Labs
	Round // one object, of the round that Options name
	Roster
)

// Clock tells the time in Unix seconds.
type Clock func() int64

// People looks up people already numbered. Find is called from many goroutines.
type People interface {
	// Find gives the person's ordinal, 0 for one unknown. For a RefDocument,
	// document is its canonical text, valid during the call, and the span within
	// ref means nothing; for other types document is nil.
	Find(ref engine.PersonRef, document []byte) engine.PersonOrdinal
	// FindResidents replaces every known RefResident in refs by a RefOrdinal.
	FindResidents(refs []engine.PersonRef)
}

// Options say what a request may hold and how to read it.
type Options struct {
	Endpoint Endpoint
	Now      int64          // Unix seconds when the request was admitted
	Zone     *time.Location // of times without an offset; nil: an offset is required
	People   People         // nil: nobody is known
	Roles    engine.Role
	Strict   bool   // people, sites and laboratories have to be known before events name them
	Round    []byte // the round that is put; a name that IsName takes
	// Areas names all areas known, for a roster's form, which names them in words; nil: none is.
	Areas func(yield func(area, name, parent string))
	// Classes tells under which round personal data is kept; nil: it is checked and dropped.
	Classes Classes
	// Secret keys the numbers of people that only a name tells apart; nil: a fixed one, for tests.
	Secret []byte
}

// Decoded is one request: the batch for the engine, and what was wrong with the rest.
type Decoded struct {
	Batch    engine.Batch
	Received int         // items in the request; blank lines are not items
	Index    []uint32    // place in the request of every row of Batch; empty when row == place
	Errors   []ItemError // the first MaxItemErrors, in order of the request
	Rejected int         // all of them
}

// Reset empties d and keeps its memory.
func (d *Decoded) Reset() {
	d.Batch.Reset()
	d.Index, d.Errors = d.Index[:0], d.Errors[:0]
	d.Received, d.Rejected = 0, 0
}

// Decoder reads requests. It holds scratch memory: one goroutine at a time.
//
// An item is read twice over at most. The scanner in ndjson_fast.go takes the
// ordinary shape and gives up on anything unusual; then the strict parser in
// decode_general.go reads the item from its start and has the last word. Both only
// find where the values lie (item); what the values mean is decided once, in
// decode_item.go, decode_events.go and decode_master.go, so the two cannot disagree on rules.
type Decoder struct {
	o       Options
	out     *Decoded
	today   int // latest possible date of birth, yyyymmdd
	item    item
	order   [16]field // of the keys in the item before, a guess for this one
	general parser
	inner   parser // of targets, while general holds the item
	times   timeReader
	tubes   tubeCache
	places  contextCache
	names   names
	person  []byte // canonical document of the item
	person2 []byte // likewise of the person that another is merged into
	code    []byte // canonical tube code of the item, when its text is not canonical
	code2   []byte // likewise of the second tube of a scan or a transfer
	master  []byte // value of a field of master data

	// generalOnly switches the fast scanner off, for tests and benchmarks.
	generalOnly bool
}

// NewDecoder makes a decoder with its scratch memory.
func NewDecoder() *Decoder { return &Decoder{} }

// begin prepares for one request.
func (d *Decoder) begin(body []byte, o Options, out *Decoded) ([]byte, error) {
	out.Reset()
	if len(body) > MaxBodyBytes {
		return nil, ErrBodyTooLarge
	}
	d.o, d.out = o, out
	d.today = latestBirthday(o.Now)
	d.times.reset(o)
	d.tubes.reset()
	d.places.reset()
	d.names.reset()
	out.Batch.Received, out.Batch.Roles, out.Batch.Strict = engine.FromUnix(o.Now), o.Roles, o.Strict
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), nil
}

// finish resolves the people, lets go of the caller's memory and settles the error.
func (d *Decoder) finish(err error) error {
	out := d.out
	if err == nil && out.Received == 0 {
		err = ErrEmpty
	}
	if err == nil && d.o.Endpoint == Round && out.Received > 1 {
		err = ErrNotOneItem
	}
	if err != nil {
		out.Reset()
	} else {
		d.resolve()
	}
	d.o, d.out, d.item.src = Options{}, nil, nil
	d.general.in, d.inner.in = nil, nil
	return err
}

// resolve replaces the resident IDs of known people by their ordinals. It is a pass
// of its own because a look-up is a cache miss: in a tight loop the processor
// overlaps several of them, between two lines of text it does not.
func (d *Decoder) resolve() {
	if d.o.People == nil {
		return
	}
	d.o.People.FindResidents(d.out.Batch.Person)
}

// take ends one item: it is a row of the batch, or an error.
//
// ENSURES: Index stays empty as long as rows and items have the same numbers.
func (d *Decoder) take(f *fault) {
	out := d.out
	index := uint32(out.Received)
	out.Received++
	if f == nil {
		if out.Rejected > 0 {
			out.Index = append(out.Index, index)
		}
		return
	}
	if out.Rejected == 0 {
		for i := range index {
			out.Index = append(out.Index, i)
		}
	}
	out.Rejected++
	if len(out.Errors) < MaxItemErrors {
		out.Errors = append(out.Errors, ItemError{index, f.code, f.message, f.field})
	}
}

// takeGeneral reads one item with the strict parser.
func (d *Decoder) takeGeneral(text []byte) *fault {
	if f := d.general.item(text, &d.item); f != nil {
		return f
	}
	return d.row()
}
