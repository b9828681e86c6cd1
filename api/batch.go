package api

import (
	"bytes"
	"io"
	"slices"
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
		format, refused := formatOf(ctx)
		if refused != nil {
			return refused
		}
		if ctx.QueryArgs().Has("dry_run") {
			return errDryRun
		}
		options := ingest.Options{Endpoint: endpoint, Now: s.now(), People: b.Engine, Roles: engine.RoleAll,
			Strict: s.cfg.StrictMasterData, Round: argument}
		if options.Zone, refused = s.zoneOf(ctx); refused != nil {
			return refused
		}
		r := ingest.AcquireRequest()
		defer ingest.ReleaseRequest(r)
		reserved, refused := readBatch(b.Pipeline, ctx, r)
		defer b.Pipeline.Release(reserved)
		if refused != nil {
			return refused
		}
		if err := b.Pipeline.Do(r, format, options); err != nil {
			return ofPipeline(err)
		}
		answer(ctx, typeJSON, appendBatchAnswer(answerMemory(ctx), r))
		b.Pipeline.Answered(r)
		return nil
	}
}

// formatOf looks at Content-Type and Content-Encoding. Parameters such as a charset are passed over.
func formatOf(ctx *fasthttp.RequestCtx) (ingest.Format, *refusal) {
	switch encoding := ctx.Request.Header.ContentEncoding(); {
	case len(encoding) > 0 && !bytes.EqualFold(encoding, []byte("identity")):
		return 0, errContentEncoding
	}
	media, _, _ := bytes.Cut(ctx.Request.Header.ContentType(), []byte(";"))
	media = bytes.TrimSpace(media)
	switch {
	case bytes.EqualFold(media, []byte(typeNDJSON)):
		return ingest.FormatNDJSON, nil
	case bytes.EqualFold(media, []byte(typeJSON)):
		return ingest.FormatJSON, nil
	}
	return 0, errMediaType
}

// zoneOf reads X-Time-Zone: the zone of times that name none.
func (s *Server) zoneOf(ctx *fasthttp.RequestCtx) (*time.Location, *refusal) {
	name := ctx.Request.Header.Peek("X-Time-Zone")
	if len(name) == 0 {
		return nil, nil
	}
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

// readBatch admits a body by its announced length and only then reads it.
//
// ENSURES: reserved is what the caller has to release, also when refused.
func readBatch(p *ingest.Pipeline, ctx *fasthttp.RequestCtx, r *ingest.Request) (reserved int64, refused *refusal) {
	length := ctx.Request.Header.ContentLength()
	if length > batchBodyBytesMax {
		return 0, errBodyTooLarge
	}
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return 0, nil
	}
	if length >= 0 {
		if !p.Admit(int64(length)) {
			return 0, errOverloaded
		}
		var err error
		r.Body, err = readFixed(stream, r.Body, length)
		watched(ctx).bodyRead = err == nil
		return int64(length), ofRead(err)
	}
	for {
		if !p.Admit(chunkBytes) {
			return reserved, errOverloaded
		}
		reserved += chunkBytes
		ended, err := readChunk(stream, &r.Body)
		switch {
		case err != nil:
			return reserved, ofRead(err)
		case len(r.Body) > batchBodyBytesMax:
			return reserved, errBodyTooLarge
		case ended && watched(ctx).closedByPeer:
			return reserved, errBodyIncomplete
		case ended:
			watched(ctx).bodyRead = true
			return reserved, nil
		}
	}
}

// readChunk reads up to chunkBytes more of a body of unknown length.
func readChunk(stream io.Reader, into *[]byte) (ended bool, err error) {
	at := len(*into)
	buf := slices.Grow(*into, chunkBytes)[:at+chunkBytes]
	defer func() { *into = buf[:at] }()
	for at < len(buf) {
		n, err := stream.Read(buf[at:])
		at += n
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// readFixed reads exactly length bytes into memory that is reused.
func readFixed(stream io.Reader, into []byte, length int) ([]byte, error) {
	into = slices.Grow(into[:0], length)[:length]
	_, err := io.ReadFull(stream, into)
	return into, err
}

func ofRead(err error) *refusal {
	if err == nil {
		return nil
	}
	if refused := ofTransport(err); refused == errTimeout {
		return refused
	}
	return errBodyIncomplete
}

// appendBatchAnswer writes what became of every item: counts, the first errors of
// form and of rules merged by their place in the request, and flags.
func appendBatchAnswer(dst []byte, r *ingest.Request) []byte {
	d := &r.Decoded
	var accepted, duplicates, refused, flagged int
	for _, outcome := range d.Batch.Outcome {
		switch {
		case outcome == engine.Accepted:
			accepted++
		case outcome == engine.Duplicate:
			duplicates++
		default:
			refused++
		}
	}
	for _, flags := range d.Batch.Flags {
		if flags != 0 {
			flagged++
		}
	}
	dst = append(dst, `{"received":`...)
	dst = appendUint(dst, uint64(d.Received))
	dst = append(dst, `,"accepted":`...)
	dst = appendUint(dst, uint64(accepted))
	dst = append(dst, `,"duplicates":`...)
	dst = appendUint(dst, uint64(duplicates))
	dst = append(dst, `,"rejected":`...)
	dst = appendUint(dst, uint64(d.Rejected+refused))
	dst = append(dst, `,"errors":[`...)
	if d.Rejected+refused > 0 {
		dst = appendErrors(dst, d)
	}
	dst = append(dst, ']')
	if d.Rejected+refused > errorsMax {
		dst = append(dst, `,"errors_truncated":true`...)
	}
	dst = append(dst, `,"flagged":`...)
	dst = appendUint(dst, uint64(flagged))
	dst = append(dst, `,"flags":[`...)
	truncated := false
	if flagged > 0 {
		dst, truncated = appendFlags(dst, d)
	}
	dst = append(dst, ']')
	if truncated {
		dst = append(dst, `,"flags_truncated":true`...)
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
func appendErrors(dst []byte, d *ingest.Decoded) []byte {
	form, n := d.Errors, 0
	item := func(index uint32, code string) {
		if n > 0 {
			dst = append(dst, ',')
		}
		n++
		dst = append(dst, `{"index":`...)
		dst = appendUint(dst, uint64(index))
		dst = append(dst, `,"code":`...)
		dst = appendWord(dst, code)
		dst = append(dst, `,"message":`...)
	}
	take := func(e *ingest.ItemError) {
		item(e.Index, string(e.Code))
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
		item(index, outcome.Code())
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
