package api

import (
	"time"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// takeBatch makes the handler of one of the ways in. Of them only that of a round has
// an argument.
func (s *Server) takeBatch(endpoint ingest.Endpoint) func(*Backend, *fasthttp.RequestCtx, []byte) *refusal {
	return func(b *Backend, ctx *fasthttp.RequestCtx, argument []byte) *refusal {
		if endpoint == ingest.Round && !ingest.IsName(argument) {
			return errRoundInvalid
		}
		body, refused := bodyOf(ctx, endpoint)
		if refused != nil {
			return refused
		}
		dry, refused := dryRunOf(ctx)
		if refused != nil {
			return refused
		}
		options, refused := s.optionsOf(b, ctx, endpoint, argument)
		if refused != nil {
			return refused
		}
		var hold heldBody
		defer func() { hold.release(b.Pipeline) }() // when carryBatch has let go of the body
		return s.carryBatch(b, ctx, body, &options, dry, &hold)
	}
}

// carryBatch reads a batch, carries it out and answers.
func (s *Server) carryBatch(b *Backend, ctx *fasthttp.RequestCtx, body bodyForm, options *ingest.Options, dry bool, hold *heldBody) *refusal {
	r := ingest.AcquireRequest()
	defer ingest.ReleaseRequest(r)
	defer func() { hold.large = hold.large || cap(r.Body) > hugeBodyBytes+1 }() // of a table its lines
	if refused := readBatch(b.Pipeline, ctx, body, r, hold); refused != nil {
		return refused
	}
	do := b.Pipeline.Do
	if dry {
		do = b.Pipeline.DryRun
	}
	if err := do(r, body.format, *options); err != nil {
		return ofPipeline(err)
	}
	counts := countBatch(&r.Decoded)
	if counts.rejected > 0 && !dry {
		if refused := s.keepRejects(b, r, body.format, options); refused != nil {
			return refused
		}
	}
	answer(ctx, typeJSON, appendBatchAnswer(answerMemory(ctx), r, &counts, dry))
	b.Pipeline.Answered(r)
	return nil
}

// optionsOf says how the body of a request is to be read.
func (s *Server) optionsOf(b *Backend, ctx *fasthttp.RequestCtx, endpoint ingest.Endpoint, round []byte) (o ingest.Options, refused *refusal) {
	zone, refused := s.zoneOf(ctx)
	return s.optionsAt(b, endpoint, round, zone), refused
}

func (s *Server) optionsAt(b *Backend, endpoint ingest.Endpoint, round []byte, zone *time.Location) ingest.Options {
	return ingest.Options{Endpoint: endpoint, Now: s.now(), Zone: zone, People: b.Engine, Roles: engine.RoleAll,
		Strict: s.cfg.StrictMasterData, Round: round, Areas: b.eachArea, Secret: b.Secret}
}

// eachArea tells of every area, for forms that name them in words.
func (b *Backend) eachArea(yield func(area, name, parent string)) {
	for after, more := uint32(0), true; more; {
		after, more = b.Engine.Areas(after, listLimitMax, func(v *engine.AreaView) { yield(v.Area, v.Name, v.Parent) })
	}
}

// dryRunOf reads ?dry_run=.
func dryRunOf(ctx *fasthttp.RequestCtx) (dry bool, refused *refusal) {
	if len(ctx.URI().QueryString()) == 0 {
		return false, nil
	}
	switch string(ctx.QueryArgs().Peek("dry_run")) {
	case "", "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	}
	return false, errDryRun
}

// zoneOf reads X-Time-Zone: the zone of times that name none.
func (s *Server) zoneOf(ctx *fasthttp.RequestCtx) (*time.Location, *refusal) {
	name := ctx.Request.Header.Peek("X-Time-Zone")
	if len(name) == 0 {
		return nil, nil
	}
	return s.zoneNamed(name)
}

func (s *Server) zoneNamed(name []byte) (*time.Location, *refusal) {
	if string(name) == s.cfg.Zone.String() {
		return s.cfg.Zone, nil
	}
	s.zonesMu.Lock()
	defer s.zonesMu.Unlock()
	if zone := s.zones[string(name)]; zone != nil {
		return zone, nil
	}
	zone, err := time.LoadLocation(string(name))
	if err != nil || zone == time.Local {
		return nil, errZone
	}
	if len(s.zones) >= zonesMax {
		clear(s.zones)
	}
	s.zones[string(name)] = zone
	return zone, nil
}

// batchCounts is what became of a request's items.
type batchCounts struct {
	accepted, duplicates int
	rejected             int // for their form or by the rules
	flagged              int
}

func countBatch(d *ingest.Decoded) (c batchCounts) {
	c.rejected = d.Rejected
	for _, outcome := range d.Batch.Outcome {
		switch {
		case outcome == engine.Accepted:
			c.accepted++
		case outcome == engine.Duplicate:
			c.duplicates++
		default:
			c.rejected++
		}
	}
	for _, flags := range d.Batch.Flags {
		if flags != 0 {
			c.flagged++
		}
	}
	return c
}

// appendBatchAnswer writes what became of every item: counts, the first errors of
// form and of rules merged by their place in the request, and flags.
func appendBatchAnswer(dst []byte, r *ingest.Request, c *batchCounts, dry bool) []byte {
	d := &r.Decoded
	dst = append(dst, `{"received":`...)
	dst = appendUint(dst, uint64(d.Received))
	dst = append(dst, `,"accepted":`...)
	dst = appendUint(dst, uint64(c.accepted))
	dst = append(dst, `,"duplicates":`...)
	dst = appendUint(dst, uint64(c.duplicates))
	dst = append(dst, `,"rejected":`...)
	dst = appendUint(dst, uint64(c.rejected))
	dst = append(dst, `,"errors":[`...)
	if c.rejected > 0 {
		dst = appendErrors(dst, r)
	}
	dst = append(dst, ']')
	if c.rejected > errorsMax {
		dst = append(dst, `,"errors_truncated":true`...)
	}
	dst = append(dst, `,"flagged":`...)
	dst = appendUint(dst, uint64(c.flagged))
	dst = append(dst, `,"flags":[`...)
	truncated := false
	if c.flagged > 0 {
		dst, truncated = appendFlags(dst, d)
	}
	dst = append(dst, ']')
	if truncated {
		dst = append(dst, `,"flags_truncated":true`...)
	}
	if dry {
		dst = append(dst, `,"dry_run":true`...)
	}
	dst = append(dst, `,"as_of":`...)
	dst = appendUint(dst, uint64(r.Position))
	return append(dst, "}\n"...)
}

// indexOf is the place in the request of a row of the batch.
func indexOf(d *ingest.Decoded, row int) uint32 {
	if len(d.Index) == 0 {
		return uint32(row)
	}
	return d.Index[row]
}

// appendErrors merges what the decoder refused with what the rules refused.
func appendErrors(dst []byte, r *ingest.Request) []byte {
	d := &r.Decoded
	form, n := d.Errors, 0
	item := func(index uint32, code, column string) {
		if n > 0 {
			dst = append(dst, ',')
		}
		n++
		dst = append(dst, `{"index":`...)
		dst = appendUint(dst, uint64(index))
		if len(r.Rows) > 0 {
			dst = append(dst, `,"row":`...)
			dst = appendUint(dst, uint64(r.Rows[index]))
			if column != "" {
				dst = append(dst, `,"column":`...)
				dst = appendString(dst, r.Column(column))
			}
		}
		dst = append(dst, `,"code":`...)
		dst = appendWord(dst, code)
		dst = append(dst, `,"message":`...)
	}
	take := func(e *ingest.ItemError) {
		item(e.Index, string(e.Code), e.Field)
		dst = appendString(dst, e.Message)
		dst = append(dst, '}')
	}
	for row, outcome := range d.Batch.Outcome {
		if !outcome.Refused() {
			continue
		}
		index := indexOf(d, row)
		for len(form) > 0 && form[0].Index < index && n < errorsMax {
			take(&form[0])
			form = form[1:]
		}
		if n == errorsMax {
			return dst
		}
		item(index, outcome.Code(), "")
		dst = appendRefusal(dst, &d.Batch, row)
		dst = append(dst, '}')
	}
	for len(form) > 0 && n < errorsMax {
		take(&form[0])
		form = form[1:]
	}
	return dst
}

func appendFlags(dst []byte, d *ingest.Decoded) (out []byte, truncated bool) {
	n := 0
	for row, flags := range d.Batch.Flags {
		if flags == 0 {
			continue
		}
		flags.Each(func(code string) {
			if n == flagsMax {
				truncated = true
				return
			}
			if n > 0 {
				dst = append(dst, ',')
			}
			n++
			dst = append(dst, `{"index":`...)
			dst = appendUint(dst, uint64(indexOf(d, row)))
			dst = append(dst, `,"code":`...)
			dst = appendWord(dst, code)
			dst = append(dst, '}')
		})
		if truncated {
			break
		}
	}
	return dst, truncated
}
