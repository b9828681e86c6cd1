package ingest

import (
	"sync"

	"poolwise/engine"
)

// Format of a body.
type Format uint8

const (
	FormatNDJSON Format = iota
	FormatJSON
	FormatCSV   // UTF-8
	FormatCSVGB // GB 18030, as a Chinese Excel writes it; GBK and GB 2312 are parts of it
	FormatXLSX  // the roster's form
)

// Request is one batch on its way through the pipeline: the memory of its body,
// columns and journal bytes, reused from request to request.
//
// Ownership: the handler's, except between Do's submission and its return.
type Request struct {
	Body     []byte // the handler fills it; decoded columns do not refer to it after Do
	Decoded  Decoded
	Position engine.Position // after Do: where it stands in the journal
	// Rows are the rows of a table (CSV, XLSX) that the items came from, counted from 1 as
	// its program shows them; empty for other formats.
	Rows []uint32

	journal  []byte
	lines    []byte // of a table: its rows as NDJSON; changes places with Body
	table    table  // what its headings say, and what is wrong with its rows
	err      error
	enqueued int64
	applied  int64
	done     chan struct{}
}

var requests = sync.Pool{New: func() any { return &Request{done: make(chan struct{}, 1)} }}

// AcquireRequest takes a request from the pool.
func AcquireRequest() *Request { return requests.Get().(*Request) }

// ReleaseRequest gives it back, without what is too large to keep.
func ReleaseRequest(r *Request) {
	if cap(r.Body) > retainedBytesMax || cap(r.journal) > retainedBytesMax || cap(r.lines) > retainedBytesMax || cap(r.Decoded.Batch.Kind) > retainedItemsMax {
		return
	}
	r.Body, r.journal, r.err, r.Position = r.Body[:0], r.journal[:0], nil, 0
	r.Rows, r.lines = r.Rows[:0], r.lines[:0]
	r.Decoded.Reset()
	requests.Put(r)
}

// Do decodes the body and carries its batch through journal and engine. It returns
// when the batch is durable and applied: Decoded then holds the outcomes. Errors of
// the decoder, ErrOverloaded and ErrStopped mean that nothing was applied.
func (p *Pipeline) Do(r *Request, f Format, o Options) error {
	if err := p.decode(r, f, o); err != nil {
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
	return p.submit(r)
}

// Answered tells the pipeline that the answer has been encoded.
func (p *Pipeline) Answered(r *Request) { p.stats.Answer.Observe(p.now() - r.applied) }

func (p *Pipeline) decode(r *Request, f Format, o Options) error {
	if p.cfg.Profiles != nil {
		o.Classes = p.cfg.Machine
	}
	if err := r.readWorkbook(f, o); err != nil {
		return err
	}
	decoder := <-p.decoders
	defer func() { p.decoders <- decoder }()
	began := p.now()
	if err := r.decodeRead(decoder, f, o); err != nil {
		return err
	}
	if p.cfg.Profiles != nil {
		if err := decoder.sealNames(p.cfg.Machine, p.cfg.Profiles, &r.Decoded.Batch); err != nil {
			return err
		}
	}
	if r.Decoded.Batch.Len() > 0 {
		r.journal = engine.AppendBatch(r.journal[:0], &r.Decoded.Batch)
	}
	if len(r.journal) > JournalRequestBytesMax {
		return ErrBatchTooLarge
	}
	p.stats.Decode.Observe(p.now() - began)
	return nil
}

// decodeWith decodes the body. A table becomes NDJSON first: its rows are then read as
// any others, and Body holds what they became.
func (r *Request) decodeWith(d *Decoder, f Format, o Options) error {
	if err := r.readWorkbook(f, o); err != nil {
		return err
	}
	return r.decodeRead(d, f, o)
}

// readWorkbook reads the rows of a body that is a workbook. It comes before a decoder is
// taken: workbooks wait for one another, and nobody else may wait with them.
func (r *Request) readWorkbook(f Format, o Options) error {
	if f != FormatXLSX {
		return nil
	}
	return r.readTable(f, o)
}

// decodeRead decodes the body, of a workbook what readWorkbook has made of it.
func (r *Request) decodeRead(d *Decoder, f Format, o Options) error {
	switch f {
	case FormatJSON:
		return d.JSON(r.Body, o, &r.Decoded)
	case FormatCSV, FormatCSVGB:
		if err := r.readTable(f, o); err != nil {
			return err
		}
		fallthrough
	case FormatXLSX:
		err := d.NDJSON(r.Body, o, &r.Decoded)
		r.settle()
		return err
	}
	return d.NDJSON(r.Body, o, &r.Decoded)
}

// submit queues a decoded request and waits until its group is applied.
func (p *Pipeline) submit(r *Request) error {
	r.err = nil
	r.enqueued = p.now()
	p.closing.RLock()
	if p.closed {
		p.closing.RUnlock()
		return ErrStopped
	}
	select {
	case p.queue <- r:
		p.closing.RUnlock()
	default:
		p.closing.RUnlock()
		p.stats.Overloaded.Add(1)
		return ErrOverloaded
	}
	<-r.done
	return r.err
}
