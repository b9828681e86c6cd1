package api

import (
	"sync"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

var tubeViews = sync.Pool{New: func() any { return new(engine.TubeView) }}

// getTube answers one tube with its members and results.
func (s *Server) getTube(b *Backend, ctx *fasthttp.RequestCtx, tube []byte) *refusal {
	code, ok := ingest.CanonicalTube(nil, tube)
	if !ok {
		return errTubeInvalid
	}
	index := b.Engine.FindTube(code)
	if index == 0 {
		return errTubeUnknown
	}
	asOf := b.Engine.Applied() // before the look, so that what is shown is at least as new
	v := tubeViews.Get().(*engine.TubeView)
	defer tubeViews.Put(v)
	b.Engine.Tube(index, v)
	body := s.appendTube(answerMemory(ctx), b.Engine, v)
	body = append(body, `,"as_of":`...)
	body = appendUint(body, uint64(asOf))
	body = append(body, "}\n"...)
	answer(ctx, typeJSON, body)
	return nil
}

func (s *Server) appendTube(dst []byte, e *engine.Engine, v *engine.TubeView) []byte {
	dst = s.appendTubeHead(dst, v)
	dst = s.appendMembers(dst, e, v)
	dst = append(dst, `,"members_resolved":`...)
	dst = appendUint(dst, uint64(v.MembersResolved))
	dst = s.appendResults(dst, v.Results)
	return appendTubeFlags(dst, v)
}

// appendTubeHead writes what is said of a tube as a whole.
func (s *Server) appendTubeHead(dst []byte, v *engine.TubeView) []byte {
	dst = append(dst, `{"tube":`...)
	dst = appendString(dst, v.Code)
	dst = append(dst, `,"resolution":`...)
	dst = appendWord(dst, v.Resolution.String())
	dst = append(dst, `,"verdict":`...)
	dst = appendWordOrNull(dst, v.Verdict.String())
	dst = append(dst, `,"reported_at":`...)
	dst = s.zone.appendTime(dst, v.Reported)
	dst = append(dst, `,"mode":`...)
	dst = appendWordOrNull(dst, v.Mode.String())
	dst = append(dst, `,"purpose":`...)
	dst = appendWordOrNull(dst, v.Purpose.String())
	dst = append(dst, `,"capacity":`...)
	dst = appendUint(dst, uint64(v.Capacity))
	dst = append(dst, `,"individual_specimens_retained":`...)
	dst = appendBool(dst, v.Retained)
	dst = append(dst, `,"site":`...)
	dst = appendStringOrNull(dst, v.Site)
	dst = append(dst, `,"round":`...)
	dst = appendStringOrNull(dst, v.Round)
	dst = append(dst, `,"first_swab_at":`...)
	dst = s.zone.appendTime(dst, v.FirstSwab)
	dst = append(dst, `,"closed_at":`...)
	dst = s.zone.appendTime(dst, v.ClosedAt)
	dst = append(dst, `,"closed_members":`...)
	if v.ClosedAt == 0 || v.ClosedMembers < 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendUint(dst, uint64(v.ClosedMembers))
	}
	dst = append(dst, `,"received_at":`...)
	dst = s.zone.appendTime(dst, v.ReceivedAt)
	dst = append(dst, `,"received_by":`...)
	dst = appendStringOrNull(dst, v.ReceivedBy)
	dst = append(dst, `,"rejected_at":`...)
	dst = s.zone.appendTime(dst, v.RejectedAt)
	dst = append(dst, `,"lost_at":`...)
	dst = s.zone.appendTime(dst, v.LostAt)
	dst = append(dst, `,"void_at":`...)
	return s.zone.appendTime(dst, v.VoidAt)
}

func appendTubeFlags(dst []byte, v *engine.TubeView) []byte {
	dst = append(dst, `,"flags":[`...)
	first := true
	v.Flags.Each(func(code string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendWord(dst, code)
	})
	return append(dst, ']')
}

// appendMembers writes who is bound to the tube now.
func (s *Server) appendMembers(dst []byte, e *engine.Engine, v *engine.TubeView) []byte {
	dst = append(dst, `,"members":[`...)
	first := true
	for i := range v.Members {
		m := &v.Members[i]
		if !m.Bound {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, `{"person":"`...)
		dst = e.AppendPersonID(dst, m.Person)
		dst = append(dst, `","sampled_at":`...)
		dst = s.zone.appendTime(dst, m.Swabbed)
		dst = append(dst, `,"state":`...)
		dst = appendWord(dst, m.State.String())
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (s *Server) appendResults(dst []byte, results []engine.ResultView) []byte {
	dst = append(dst, `,"results":[`...)
	for i := range results {
		r := &results[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"lab":`...)
		dst = appendStringOrNull(dst, r.Lab)
		dst = append(dst, `,"verdict":`...)
		dst = appendWordOrNull(dst, r.Verdict.String())
		dst = append(dst, `,"stage":`...)
		dst = appendWord(dst, r.Stage.String())
		dst = append(dst, `,"tested_at":`...)
		dst = s.zone.appendTime(dst, r.Tested)
		dst = append(dst, `,"reported_at":`...)
		dst = s.zone.appendTime(dst, r.Reported)
		dst = append(dst, `,"standing":`...)
		dst = appendBool(dst, r.Standing)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendStringOrNull(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, s)
}
