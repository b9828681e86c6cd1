package api

import (
	"sync"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// reader is the memory of one status request.
type reader struct {
	status   engine.Status
	person   []byte // canonical form of the one at hand
	body     []byte
	ordinals []engine.PersonOrdinal
	unknown  []byte // canonical forms of those never heard of, each with its length before
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// getPersonStatus answers one person. Nothing is written for one never heard of.
func (s *Server) getPersonStatus(b *Backend, ctx *fasthttp.RequestCtx, person []byte) *refusal {
	in, refused := s.instantOf(ctx)
	if refused != nil {
		return refused
	}
	r := readers.Get().(*reader)
	defer readers.Put(r)
	ordinal, ok := r.find(b.Engine, person, s.now())
	if !ok {
		return errPersonInvalid
	}
	if ordinal == 0 {
		return errPersonUnknown
	}
	b.Engine.Status(ordinal, &r.status)
	p := in.proofOf(b, ordinal)
	body := s.appendStatus(answerMemory(ctx), b.Engine, r.person, &r.status, &in, &p)
	answer(ctx, typeJSON, append(body, '\n'))
	return nil
}

// find looks one person up and leaves the canonical form in r.person.
func (r *reader) find(e *engine.Engine, text []byte, now int64) (ordinal engine.PersonOrdinal, ok bool) {
	canonical, digits17, resident, ok := ingest.ParsePerson(r.person[:0], text, now)
	r.person = canonical
	if !ok {
		return 0, false
	}
	if resident {
		return e.Find(engine.ResidentRef(digits17), nil), true
	}
	return e.Find(engine.DocumentRef(engine.Span{Len: uint32(len(canonical))}), canonical), true
}

// postStatus answers many people, one a line, in the order asked. All IDs are looked
// up first: look-ups are cache misses, and in a loop of their own they overlap.
func (s *Server) postStatus(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	in, refused := s.instantOf(ctx)
	if refused != nil {
		return refused
	}
	r := readers.Get().(*reader)
	defer readers.Put(r)
	if refused := r.readStatusBody(ctx); refused != nil {
		return refused
	}
	if refused := r.findAll(b.Engine, s.now()); refused != nil {
		return refused
	}
	body := listMemory()
	unknown := r.unknown
	for _, ordinal := range r.ordinals {
		if ordinal != 0 {
			r.person = b.Engine.AppendPersonID(r.person[:0], ordinal)
			b.Engine.Status(ordinal, &r.status)
		} else {
			n := int(unknown[0])
			r.person, unknown = append(r.person[:0], unknown[1:1+n]...), unknown[1+n:]
			r.status = engine.Status{AsOf: b.Engine.Applied(), Causes: r.status.Causes[:0], Order: engine.OrderView{Causes: r.status.Order.Causes[:0]}, Recheck: engine.OrderView{Causes: r.status.Recheck.Causes[:0]}}
		}
		p := in.proofOf(b, ordinal)
		body = s.appendStatus(body, b.Engine, r.person, &r.status, &in, &p)
		body = append(body, '\n')
	}
	return answerLines(ctx, "status", body)
}

func (r *reader) readStatusBody(ctx *fasthttp.RequestCtx) *refusal {
	format, refused := formatOf(ctx)
	switch {
	case refused != nil:
		return refused
	case format != ingest.FormatJSON:
		return errMediaType
	}
	return readSmall(ctx, &r.body, statusBodyBytesMax, errStatusTooLarge)
}

// findAll looks up everybody named in the body.
func (r *reader) findAll(e *engine.Engine, now int64) *refusal {
	r.ordinals, r.unknown = r.ordinals[:0], r.unknown[:0]
	return eachPerson(r.body, func(text []byte) *refusal {
		if len(r.ordinals) == statusPeopleMax {
			return errTooManyPeople
		}
		ordinal, ok := r.find(e, text, now)
		if !ok {
			return personInvalidAt(len(r.ordinals))
		}
		if ordinal == 0 {
			r.unknown = append(append(r.unknown, byte(len(r.person))), r.person...)
		}
		r.ordinals = append(r.ordinals, ordinal)
		return nil
	})
}

// judgement is what depends on the reader's instant.
type judgement struct {
	code    string
	valid   bool
	expires int64 // Unix seconds, 0: no negative
}

// judge decides colour and proof.
func judge(state engine.State, swabbed, reported engine.Seconds, p *proof) judgement {
	var j judgement
	if swabbed != 0 {
		from := swabbed
		if p.reported {
			from = reported
		}
		j.expires = from.Unix() + int64(p.window)
	}
	switch {
	case state >= engine.StateSuspect:
		j.code = "red"
	case state == engine.StateHeld:
		j.code = "yellow"
	case j.expires != 0 && p.now < j.expires:
		j.code, j.valid = "green", true
	default:
		j.code = "grey"
	}
	return j
}

// appendStatus writes the status object of the contract.
func (s *Server) appendStatus(dst []byte, e *engine.Engine, person []byte, st *engine.Status, in *instant, p *proof) []byte {
	last := &st.LastNegative
	swabbed := last.Swabbed
	if last.Tube == 0 {
		swabbed = 0
	}
	j := judge(st.State, swabbed, last.Reported, p)
	dst = append(dst, `{"person":`...)
	dst = appendString(dst, person)
	dst = append(dst, `,"state":`...)
	dst = appendWord(dst, st.State.String())
	dst = append(dst, `,"code":`...)
	dst = appendWord(dst, j.code)
	dst = append(dst, `,"since":`...)
	dst = s.zone.appendTime(dst, st.Since)
	dst = append(dst, `,"code_until":`...)
	dst = s.appendExpiry(dst, j.expires, j.valid)
	dst = append(dst, `,"last_negative":`...)
	if last.Tube == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, `{"tube":"`...)
		dst = e.AppendTubeCode(dst, last.Tube)
		dst = append(dst, `","sampled_at":`...)
		dst = s.zone.appendTime(dst, last.Swabbed)
		dst = append(dst, `,"reported_at":`...)
		dst = s.zone.appendTime(dst, last.Reported)
		dst = append(dst, `,"basis":`...)
		dst = appendWordOrNull(dst, last.Mode.String())
		dst = append(dst, '}')
	}
	dst = append(dst, `,"proof":{"window":`...)
	if in.window != 0 {
		dst = appendWord(dst, in.text)
	} else {
		dst = appendDuration(dst, p.window)
	}
	dst = append(dst, `,"valid":`...)
	dst = appendBool(dst, j.valid)
	dst = append(dst, `,"expires_at":`...)
	dst = s.appendExpiry(dst, j.expires, j.expires != 0)
	dst = append(dst, `},"pending":`...)
	if st.PendingTube == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, `{"tube":"`...)
		dst = e.AppendTubeCode(dst, st.PendingTube)
		dst = append(dst, `","sampled_at":`...)
		dst = s.zone.appendTime(dst, st.PendingSwab)
		dst = append(dst, '}')
	}
	return s.appendCauses(dst, e, st)
}

// appendCauses writes the second half of a status: why, and what is to be done.
func (s *Server) appendCauses(dst []byte, e *engine.Engine, st *engine.Status) []byte {
	dst = append(dst, `,"causes":[`...)
	for i := range st.Causes {
		c := &st.Causes[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"tube":"`...)
		dst = e.AppendTubeCode(dst, c.Tube)
		dst = append(dst, `","kind":`...)
		dst = appendWord(dst, c.Kind.String())
		dst = append(dst, `,"since":`...)
		dst = s.zone.appendTime(dst, c.Since)
		if c.Preliminary {
			dst = append(dst, `,"preliminary":true`...)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `],"recollection":`...)
	dst = s.appendTask(dst, &st.Order)
	dst = append(dst, `,"recheck":`...)
	dst = s.appendTask(dst, &st.Recheck)
	if st.MergedInto != 0 {
		dst = append(dst, `,"merged_into":"`...)
		dst = e.AppendPersonID(dst, st.MergedInto)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"as_of":`...)
	dst = appendUint(dst, uint64(st.AsOf))
	return append(dst, '}')
}

// appendTask writes an order or a recheck as a status shows it, null for none.
func (s *Server) appendTask(dst []byte, o *engine.OrderView) []byte {
	if o.Number == 0 {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"id":`...)
	dst = appendOrderID(dst, o.Number)
	dst = append(dst, `,"kind":`...)
	dst = appendWord(dst, o.Kind.String())
	dst = append(dst, `,"state":`...)
	dst = appendWord(dst, o.State.String())
	dst = append(dst, `,"due_at":`...)
	dst = s.zone.appendTime(dst, o.Due)
	return append(dst, '}')
}

// appendExpiry writes when a proof ends, null unless it is to be shown.
func (s *Server) appendExpiry(dst []byte, unix int64, show bool) []byte {
	if !show {
		return append(dst, "null"...)
	}
	return s.zone.appendUnix(dst, unix)
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func appendOrderID(dst []byte, number uint32) []byte {
	dst = append(dst, `"R`...)
	dst = appendUint(dst, uint64(number))
	return append(dst, '"')
}
