package api

import (
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

var (
	errTubeStates  = &refusal{status: 400, code: "field_invalid", message: "The parameter state must list resolutions such as received,resolving."}
	errLabInvalid  = &refusal{status: 400, code: "field_invalid", message: "A laboratory is named by 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen."}
	errSiteInvalid = &refusal{status: 400, code: "field_invalid", message: "A site is named by 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen."}
	errLabUnknown  = &refusal{status: 404, code: "lab_unknown", message: "This laboratory has never been heard of."}
	errSiteUnknown = &refusal{status: 404, code: "site_unknown", message: "This site has never been heard of."}
)

// getTubes lists tubes in the order of their first mention. One request looks at a bounded
// number of them: it may answer fewer lines than its limit, even none, and X-Next-After.
func (s *Server) getTubes(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	f, refused := tubeFilter(ctx.QueryArgs())
	if refused != nil {
		return refused
	}
	asOf := b.Engine.Applied() // before the look, so that what is shown is at least as new
	body := listMemory()
	last, more, missed := b.Engine.Tubes(f, func(v *engine.TubeView) bool {
		body = s.appendTubeLine(body, v)
		return true
	})
	switch missed {
	case engine.MissedLab:
		return errLabUnknown
	case engine.MissedSite:
		return errSiteUnknown
	case engine.MissedRound:
		return errRoundUnknown
	}
	if more {
		ctx.Response.Header.Set("X-Next-After", strconv.FormatUint(uint64(last), 10))
	}
	ctx.Response.Header.Set("X-As-Of", strconv.FormatUint(uint64(asOf), 10))
	return answerLines(ctx, "tubes", body)
}

func tubeFilter(args *fasthttp.Args) (f engine.TubeFilter, refused *refusal) {
	if f.Limit, refused = limitOf(args); refused != nil {
		return f, refused
	}
	after, refused := afterOf(args)
	switch {
	case refused != nil:
		return f, refused
	case after > 1<<32-1:
		return f, errAfter
	}
	f.After = engine.TubeIndex(after)
	for _, p := range [...]struct {
		name string
		to   *string
		bad  *refusal
	}{{"lab", &f.Lab, errLabInvalid}, {"site", &f.Site, errSiteInvalid}, {"round", &f.Round, errRoundInvalid}} {
		if text := args.Peek(p.name); len(text) > 0 {
			if *p.to = string(text); !ingest.IsName(text) {
				return f, p.bad
			}
		}
	}
	if text := string(args.Peek("state")); text != "" {
		for word := range strings.SplitSeq(text, ",") {
			found := false
			for r := engine.TubeOpen; r <= engine.TubeLost; r++ {
				if r.String() == word {
					f.States |= 1 << r
					found = true
				}
			}
			if !found {
				return f, errTubeStates
			}
		}
	}
	return f, nil
}

// appendTubeLine writes a tube as getTube does, but for its results, and counts its members
// instead of naming them; as_of is the answer's, in its header.
func (s *Server) appendTubeLine(dst []byte, v *engine.TubeView) []byte {
	bound := 0
	for i := range v.Members {
		if v.Members[i].Bound {
			bound++
		}
	}
	dst = s.appendTubeHead(dst, v)
	dst = append(dst, `,"members":`...)
	dst = appendUint(dst, uint64(bound))
	dst = append(dst, `,"members_resolved":`...)
	dst = appendUint(dst, uint64(v.MembersResolved))
	return append(appendTubeFlags(dst, v), "}\n"...)
}
