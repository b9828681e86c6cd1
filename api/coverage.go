package api

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// getCoverage answers how far a round has come in an area, or in all that it covers.
// With by=area it answers a line for each area right below, and one for the people of
// the area itself.
func (s *Server) getCoverage(b *Backend, ctx *fasthttp.RequestCtx, round []byte) *refusal {
	args := ctx.QueryArgs()
	area, refused := areaOf(args, round)
	if refused != nil {
		return refused
	}
	children := false
	switch string(args.Peek("by")) {
	case "":
	case "area":
		children = true
	case "circle", "group", "site":
		return errByOther
	default:
		return errBy
	}
	// The position of all lines is told at the end, so the lines are kept until then.
	var lines []engine.CoverageView
	asOf, ok := b.Engine.Coverage(string(round), area, children, func(v *engine.CoverageView) bool {
		lines = append(lines, *v)
		return true
	})
	if !ok {
		return unknownNode(b, round)
	}
	body := listMemory()
	for i := range lines {
		body = appendCoverage(body, &lines[i])
		body = append(body, `,"as_of":`...)
		body = appendUint(body, uint64(asOf))
		body = append(body, "}\n"...)
	}
	if children {
		answer(ctx, typeNDJSON, body)
	} else {
		answer(ctx, typeJSON, body)
	}
	return nil
}

// unknownNode tells which of the two is not known, round or area.
func unknownNode(b *Backend, round []byte) *refusal {
	if _, ok := b.Engine.Round(string(round), 1); ok {
		return errAreaUnknown
	}
	return errRoundUnknown
}

// appendCoverage writes the counts of a node, or of the people of its own, without as_of
// and the closing brace.
func appendCoverage(dst []byte, v *engine.CoverageView) []byte {
	dst = append(dst, `{"round":`...)
	dst = appendString(dst, v.Round)
	dst = append(dst, `,"area":`...)
	dst = appendStringOrNull(dst, v.Area)
	if v.Own {
		dst = append(dst, `,"own":true`...)
	}
	for _, c := range [...]struct {
		name  string
		count uint64
	}{
		{`,"expected":`, v.Expected}, {`,"sampled":`, v.Sampled}, {`,"excused":`, v.Excused}, {`,"missing":`, v.Missing}, {`,"unrostered":`, v.Unrostered},
		{`,"received":`, v.Received}, {`,"resulted":`, v.Resulted}, {`,"negative":`, v.Negative}, {`,"must_resample":`, v.MustResample},
		{`,"held":`, v.Held}, {`,"suspect":`, v.Suspect}, {`,"confirmed":`, v.Confirmed},
	} {
		dst = append(dst, c.name...)
		dst = appendUint(dst, c.count)
	}
	return dst
}

// getMissing lists who has to come to a round and has not.
func (s *Server) getMissing(b *Backend, ctx *fasthttp.RequestCtx, round []byte) *refusal {
	args := ctx.QueryArgs()
	area, refused := areaOf(args, round)
	if refused != nil {
		return refused
	}
	limit, refused := limitOf(args)
	if refused != nil {
		return refused
	}
	after, refused := afterOf(args)
	if refused != nil {
		return refused
	}
	if after > 1<<32-1 {
		return errAfter
	}
	body := listMemory()
	last, more, asOf, ok := b.Engine.Missing(string(round), area, engine.PersonOrdinal(after), limit, func(who engine.PersonOrdinal) bool {
		body = append(body, `{"person":"`...)
		body = b.Engine.AppendPersonID(body, who)
		body = append(body, "\"}\n"...)
		return true
	})
	if !ok {
		return unknownNode(b, round)
	}
	if more {
		ctx.Response.Header.Set("X-Next-After", strconv.FormatUint(uint64(last), 10))
	}
	// The list's own moment: coverage with this as_of counts as many.
	ctx.Response.Header.Set("X-As-Of", strconv.FormatUint(uint64(asOf), 10))
	answer(ctx, typeNDJSON, body)
	return nil
}

// areaOf reads ?area= of a round's lists, and checks the round's name.
func areaOf(args *fasthttp.Args, round []byte) (string, *refusal) {
	if !ingest.IsName(round) {
		return "", errRoundInvalid
	}
	area := args.Peek("area")
	if len(area) > 0 && !ingest.IsArea(area) {
		return "", errAreaInvalid
	}
	return string(area), nil
}
