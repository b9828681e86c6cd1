package api

import (
	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// getRound answers a round's policy, by the version in force at the reader's instant.
func (s *Server) getRound(b *Backend, ctx *fasthttp.RequestCtx, name []byte) *refusal {
	if !ingest.IsName(name) {
		return errRoundInvalid
	}
	in, refused := s.instantOf(ctx)
	if refused != nil {
		return refused
	}
	asOf := b.Engine.Applied() // before the look, so that what is shown is at least as new
	v, ok := b.Engine.Round(string(name), engine.FromUnix(in.now))
	if !ok {
		return errRoundUnknown
	}
	body := s.appendRound(answerMemory(ctx), &v)
	body = append(body, `,"as_of":`...)
	body = appendUint(body, uint64(asOf))
	answer(ctx, typeJSON, append(body, "}\n"...))
	return nil
}

// getRounds lists all rounds, put or only mentioned, each as getRound answers it.
func (s *Server) getRounds(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	in, refused := s.instantOf(ctx)
	if refused != nil {
		return refused
	}
	body := listMemory()
	b.Engine.Rounds(engine.FromUnix(in.now), func(v *engine.RoundView) bool {
		body = s.appendRound(body, v)
		body = append(body, "}\n"...)
		return true
	})
	return answerLines(ctx, "rounds", body)
}

// appendRound writes a policy as it is put, without the closing brace.
func (s *Server) appendRound(dst []byte, v *engine.RoundView) []byte {
	dst = append(dst, `{"round":`...)
	dst = appendString(dst, v.Round)
	dst = append(dst, `,"name":`...)
	dst = appendStringOrNull(dst, v.Name)
	dst = append(dst, `,"provisional":`...)
	dst = appendBool(dst, v.Provisional)
	dst = append(dst, `,"version":`...)
	dst = appendUint(dst, uint64(v.Version))
	dst = append(dst, `,"versions":`...)
	dst = appendUint(dst, uint64(v.Versions))
	dst = append(dst, `,"effective_at":`...)
	dst = s.zone.appendTime(dst, v.EffectiveAt)
	dst = append(dst, `,"opens_at":`...)
	dst = s.zone.appendTime(dst, v.OpensAt)
	dst = append(dst, `,"closes_at":`...)
	dst = s.zone.appendTime(dst, v.ClosesAt)
	dst = append(dst, `,"areas":`...)
	dst = appendStrings(dst, v.Areas)
	dst = append(dst, `,"window":`...)
	dst = appendDuration(dst, v.Window)
	dst = append(dst, `,"basis":`...)
	dst = appendChoice(dst, v.ReportedBasis, "reported", "sampled")
	dst = append(dst, `,"caps":{`...)
	for risk := engine.RiskLow; risk <= engine.RiskClosed; risk++ {
		if risk > engine.RiskLow {
			dst = append(dst, ',')
		}
		dst = appendWord(dst, risk.String())
		dst = append(dst, ':')
		if n := v.Caps[risk]; n > 0 {
			dst = appendUint(dst, uint64(n))
		} else {
			dst = append(dst, `"household"`...)
		}
	}
	dst = append(dst, `},"single_groups":`...)
	dst = appendStrings(dst, v.SingleGroups)
	dst = append(dst, `,"vaccinated_48h":`...)
	dst = appendWord(dst, v.Vaccinated.String())
	dst = append(dst, `,"sla":{"to_lab":`...)
	dst = appendDuration(dst, v.ToLab)
	dst = append(dst, `,"to_result":`...)
	dst = appendDuration(dst, v.ToResult)
	dst = append(dst, `,"recollect":`...)
	dst = appendDuration(dst, v.Recollect)
	dst = append(dst, `},"recheck":`...)
	dst = appendChoice(dst, v.SameSpecimen, "same_specimen", "new_specimen")
	dst = append(dst, `,"release":`...)
	return appendChoice(dst, v.ReleaseAll, "all", "each")
}

// appendChoice appends one of two words.
func appendChoice(dst []byte, first bool, yes, no string) []byte {
	if first {
		return appendWord(dst, yes)
	}
	return appendWord(dst, no)
}

// appendStrings appends an array of strings.
func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, v)
	}
	return append(dst, ']')
}
