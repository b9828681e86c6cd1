package api

import (
	"bytes"
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
)

// getHistory answers everything that is known of a human, oldest first: the tests of all of
// his identities with the results of their tubes, what they opened and what closed that,
// and excuses, discharges, merges and orders.
func (s *Server) getHistory(b *Backend, ctx *fasthttp.RequestCtx, person []byte) *refusal {
	args := ctx.QueryArgs()
	limit, refused := limitOf(args)
	if refused != nil {
		return refused
	}
	after, ok := parseCut(args.Peek("after"))
	if !ok {
		return errAfter
	}
	r := readers.Get().(*reader)
	defer readers.Put(r)
	who, ok := r.find(b.Engine, person, s.now())
	switch {
	case !ok:
		return errPersonInvalid
	case who == 0:
		return errPersonUnknown
	}
	asOf := b.Engine.Applied() // before the look, so that what is shown is at least as new
	body := listMemory()
	last, more := b.Engine.History(who, after, limit, func(h *engine.HistoryEntry) bool {
		body = s.appendHistory(body, b.Engine, h, who)
		return true
	})
	if more {
		ctx.Response.Header.SetBytesV("X-Next-After", appendCut(nil, last))
	}
	ctx.Response.Header.Set("X-As-Of", strconv.FormatUint(uint64(asOf), 10))
	return answerLines(ctx, "history", body)
}

// A cut of a history is written as its three numbers: <seconds>-<kind>-<number>.

func appendCut(dst []byte, c engine.HistoryCut) []byte {
	dst = appendUint(dst, uint64(c.At))
	dst = appendUint(append(dst, '-'), uint64(c.Kind))
	return appendUint(append(dst, '-'), uint64(c.Index))
}

func parseCut(text []byte) (c engine.HistoryCut, ok bool) {
	if len(text) == 0 {
		return c, true
	}
	parts := bytes.Split(text, []byte("-"))
	if len(parts) != 3 {
		return c, false
	}
	at, err := strconv.ParseUint(string(parts[0]), 10, 32)
	kind, err2 := strconv.ParseUint(string(parts[1]), 10, 8)
	index, err3 := strconv.ParseUint(string(parts[2]), 10, 32)
	c = engine.HistoryCut{At: engine.Seconds(at), Kind: engine.HistoryKind(kind), Index: uint32(index)}
	return c, err == nil && err2 == nil && err3 == nil && kind >= uint64(engine.HistoryTest) && kind <= uint64(engine.HistoryOrder) &&
		bytes.Equal(appendCut(nil, c), text)
}

func (s *Server) appendHistory(dst []byte, e *engine.Engine, h *engine.HistoryEntry, asked engine.PersonOrdinal) []byte {
	at := `,"at":`
	switch h.Kind {
	case engine.HistoryTest:
		dst = s.appendTest(append(dst, `{"event":"test"`...), &h.Test)
		at = ""
	case engine.HistoryExcuse:
		dst = append(dst, `{"event":"excuse","round":`...)
		dst = appendString(dst, h.Round)
	case engine.HistoryDischarge:
		dst = append(dst, `{"event":"discharge"`...)
	case engine.HistoryMerge, engine.HistoryUnmerge:
		dst = append(dst, `{"event":`...)
		dst = appendChoice(dst, h.Kind == engine.HistoryMerge, "merge", "unmerge")
		dst = append(dst, `,"with":"`...)
		dst = append(e.AppendPersonID(dst, h.With), '"')
	case engine.HistoryOrder:
		dst = s.appendHistoryOrder(append(dst, `{"event":"recollection"`...), e, &h.Order)
		at = ""
	}
	if at != "" {
		dst = s.zone.appendTime(append(dst, at...), h.At)
	}
	if h.Person != asked {
		dst = append(dst, `,"person":"`...)
		dst = append(e.AppendPersonID(dst, h.Person), '"')
	}
	return append(dst, "}\n"...)
}

// appendTest writes one place in a tube, without the closing brace.
func (s *Server) appendTest(dst []byte, v *engine.TestView) []byte {
	dst = append(dst, `,"tube":`...)
	dst = appendString(dst, v.Code)
	dst = appendField(dst, "round", v.Round)
	dst = appendField(dst, "site", v.Site)
	dst = append(dst, `,"sampled_at":`...)
	dst = s.zone.appendTime(dst, v.Swabbed)
	dst = append(dst, `,"bound":`...)
	dst = appendBool(dst, v.Bound)
	dst = append(dst, `,"basis":`...)
	dst = appendWordOrNull(dst, v.Mode.String())
	dst = append(dst, `,"purpose":`...)
	dst = appendWordOrNull(dst, v.Purpose.String())
	dst = append(dst, `,"members":`...)
	dst = appendUint(dst, uint64(v.Members))
	dst = s.appendResults(dst, v.Results)
	if v.Omitted > 0 {
		dst = append(dst, `,"results_omitted":`...)
		dst = appendUint(dst, uint64(v.Omitted))
	}
	dst = append(dst, `,"verdict":`...)
	dst = appendWordOrNull(dst, v.Verdict.String())
	dst = append(dst, `,"stage":`...)
	if v.Verdict == engine.VerdictNone {
		dst = append(dst, "null"...)
	} else {
		dst = appendWord(dst, v.Stage.String())
	}
	dst = append(dst, `,"reported_at":`...)
	dst = s.zone.appendTime(dst, v.Reported)
	dst = append(dst, `,"outcome":`...)
	dst = appendWord(dst, v.Outcome.String())
	dst = append(dst, `,"cause":`...)
	return s.appendHistoryCause(dst, &v.Cause)
}

func (s *Server) appendHistoryCause(dst []byte, c *engine.HistoryCause) []byte {
	if !c.Known {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"kind":`...)
	if c.Pending {
		dst = appendWord(dst, "pending")
	} else {
		dst = appendWord(dst, c.Kind.String())
	}
	dst = append(dst, `,"since":`...)
	dst = s.zone.appendTime(dst, c.Since)
	dst = append(dst, `,"open":`...)
	dst = appendBool(dst, c.Open)
	dst = appendField(dst, "closed_by", c.ClosedCode)
	if c.Discharged {
		dst = append(dst, `,"discharged":true`...)
	}
	dst = append(dst, `,"preliminary":`...)
	return append(appendBool(dst, c.Preliminary), '}')
}

// appendHistoryOrder writes an order, without the closing brace.
func (s *Server) appendHistoryOrder(dst []byte, e *engine.Engine, o *engine.OrderView) []byte {
	dst = append(dst, `,"id":`...)
	dst = s.appendOrderState(appendOrderID(dst, o.Number), o)
	dst = append(dst, `,"causes":[`...)
	return append(appendTubeCodes(dst, e, o.Causes), ']')
}
