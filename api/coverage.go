package api

import (
	"bytes"
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// getCoverage answers how far a round has come in an area, or in all that it covers.
// With by=area it answers a line for each area right below, and one for the people of
// the area itself; by circle, group or site one for each that anybody counts for, and one
// for the people of none.
func (s *Server) getCoverage(b *Backend, ctx *fasthttp.RequestCtx, round []byte) *refusal {
	args := ctx.QueryArgs()
	area, refused := areaOf(args, round)
	if refused != nil {
		return refused
	}
	form, refused := formOf(ctx, true)
	if refused != nil {
		return refused
	}
	list := "coverage"
	var body []byte
	var ok bool
	switch by := string(args.Peek("by")); by {
	case "":
		body, ok = coverageOf(b, string(round), area, false)
	case "area":
		list = "coverage area"
		body, ok = coverageOf(b, string(round), area, true)
	case "circle", "group", "site":
		list = "coverage " + by
		body, ok = coverageBy(b, string(round), area, by)
	default:
		return errBy
	}
	switch {
	case !ok:
		return unknownNode(b, round)
	case form == formXLSX:
		return s.answerXLSX(ctx, "coverage-"+string(round), func() ([]byte, error) { return linesToXLSX(list, body) })
	case form == formNDJSON && list == "coverage":
		answer(ctx, typeJSON, body)
		return nil
	}
	return answerLines(ctx, list, body)
}

// coverageOf writes the lines of an area, or of those right below it.
func coverageOf(b *Backend, round, area string, children bool) (body []byte, ok bool) {
	// The position of all lines is told at the end, so the lines are kept until then.
	var lines []engine.CoverageView
	asOf, ok := b.Engine.Coverage(round, area, children, func(v *engine.CoverageView) bool {
		lines = append(lines, *v)
		return true
	})
	if !ok {
		return nil, false
	}
	body = listMemory()
	for i := range lines {
		v := &lines[i]
		body = appendNode(body, v)
		if v.Own {
			body = append(body, `,"own":true`...)
		}
		body = appendCounts(body, v, asOf)
	}
	return body, true
}

// coverageBy writes the lines of what people have in common.
func coverageBy(b *Backend, round, area, by string) (body []byte, ok bool) {
	of := map[string]engine.By{"circle": engine.ByCircle, "group": engine.ByGroup, "site": engine.BySite}[by]
	var lines []engine.CoverageByView
	asOf, ok := b.Engine.CoverageBy(round, area, of, func(v *engine.CoverageByView) bool {
		lines = append(lines, *v)
		return true
	})
	if !ok {
		return nil, false
	}
	body = listMemory()
	for i := range lines {
		v := &lines[i]
		body = appendNode(body, &v.CoverageView)
		body = append(append(append(body, `,"`...), by...), `":`...)
		if of == engine.ByCircle && v.Value != "" {
			body = append(body, v.Value...)
		} else {
			body = appendStringOrNull(body, v.Value)
		}
		body = appendCounts(body, &v.CoverageView, asOf)
	}
	return body, true
}

// unknownNode tells which of the two is not known, round or area.
func unknownNode(b *Backend, round []byte) *refusal {
	if _, ok := b.Engine.Round(string(round), 1); ok {
		return errAreaUnknown
	}
	return errRoundUnknown
}

// appendNode begins a line.
func appendNode(dst []byte, v *engine.CoverageView) []byte {
	dst = append(dst, `{"round":`...)
	dst = appendString(dst, v.Round)
	dst = append(dst, `,"area":`...)
	return appendStringOrNull(dst, v.Area)
}

// appendCounts ends it.
func appendCounts(dst []byte, v *engine.CoverageView, asOf engine.Position) []byte {
	for _, c := range [...]struct {
		name  string
		count uint64
	}{
		{`,"expected":`, v.Expected}, {`,"sampled":`, v.Sampled}, {`,"excused":`, v.Excused}, {`,"missing":`, v.Missing}, {`,"unrostered":`, v.Unrostered},
		{`,"received":`, v.Received}, {`,"resulted":`, v.Resulted}, {`,"negative":`, v.Negative}, {`,"must_resample":`, v.MustResample},
		{`,"held":`, v.Held}, {`,"suspect":`, v.Suspect}, {`,"confirmed":`, v.Confirmed}, {`,"as_of":`, uint64(asOf)},
	} {
		dst = append(dst, c.name...)
		dst = appendUint(dst, c.count)
	}
	return append(dst, "}\n"...)
}

// missingAsked is a request for a list of the missing.
type missingAsked struct {
	round, area string
	form        listForm
	profile     bool
	limit       int
	after       engine.PersonOrdinal
	counted     int // of a form: rows on the pages before
}

// missingOf reads one. After a page of the roster form, whose rows are numbered, after is
// the last person's number and, behind a dot, how many rows there were.
func missingOf(ctx *fasthttp.RequestCtx, round []byte) (m missingAsked, refused *refusal) {
	args := ctx.QueryArgs()
	if m.area, refused = areaOf(args, round); refused != nil {
		return m, refused
	}
	m.round = string(round)
	if m.limit, refused = limitOf(args); refused != nil {
		return m, refused
	}
	switch string(args.Peek("profile")) {
	case "", "0", "false":
	case "1", "true":
		m.profile = true
	default:
		return m, errProfile
	}
	if m.form, refused = formOf(ctx, true); refused != nil {
		return m, refused
	}
	last, rows, dotted := bytes.Cut(args.Peek("after"), []byte{'.'})
	if len(last) == 0 && !dotted {
		return m, nil
	}
	who, err := strconv.ParseUint(string(last), 10, 32)
	if err != nil {
		return m, errAfter
	}
	m.after = engine.PersonOrdinal(who)
	if dotted {
		n, err := strconv.ParseUint(string(rows), 10, 32)
		if err != nil {
			return m, errAfter
		}
		m.counted = int(n)
	}
	return m, nil
}

// getMissing lists who has to come to a round and has not; with profile=1 also where
// they are to be found; as a spreadsheet it is the roster's form.
func (s *Server) getMissing(b *Backend, ctx *fasthttp.RequestCtx, round []byte) *refusal {
	m, refused := missingOf(ctx, round)
	switch {
	case refused != nil:
		return refused
	case m.form == formXLSX:
		return s.missingForm(b, ctx, &m)
	case m.profile:
		return s.missingProfiles(b, ctx, &m)
	}
	body := listMemory()
	last, more, asOf, ok := b.Engine.Missing(m.round, m.area, m.after, m.limit, func(who engine.PersonOrdinal) bool {
		body = append(body, `{"person":"`...)
		body = b.Engine.AppendPersonID(body, who)
		body = append(body, "\"}\n"...)
		return true
	})
	if !ok {
		return unknownNode(b, round)
	}
	m.tell(ctx, asOf, last, more)
	return answerLines(ctx, "missing", body)
}

// tell says where a list goes on, and at which position it was.
func (m *missingAsked) tell(ctx *fasthttp.RequestCtx, asOf engine.Position, last engine.PersonOrdinal, more bool) {
	if more {
		next := strconv.FormatUint(uint64(last), 10)
		if m.form == formXLSX {
			next += "." + strconv.Itoa(m.counted)
		}
		ctx.Response.Header.Set("X-Next-After", next)
	}
	// The list's own moment: coverage with this as_of counts as many.
	ctx.Response.Header.Set("X-As-Of", strconv.FormatUint(uint64(asOf), 10))
}

// readPage finds the missing and what is told of them.
func (s *Server) readPage(b *Backend, m *missingAsked) (p *peoplePage, more bool, asOf engine.Position, refused *refusal) {
	p = &peoplePage{}
	_, more, asOf, ok := b.Engine.Missing(m.round, m.area, m.after, m.limit, func(who engine.PersonOrdinal) bool {
		p.who = append(p.who, who)
		return true
	})
	if !ok {
		return nil, false, 0, unknownNode(b, []byte(m.round))
	}
	if err := p.read(b); err != nil {
		s.cfg.Logf("cannot read profiles: %v", err)
		return nil, false, 0, errInternal
	}
	return p, more, asOf, nil
}

func (s *Server) missingProfiles(b *Backend, ctx *fasthttp.RequestCtx, m *missingAsked) *refusal {
	page, more, asOf, refused := s.readPage(b, m)
	if refused != nil {
		return refused
	}
	body := listMemory()
	for i := range page.who {
		body = page.appendLine(body, b.Engine, i)
	}
	m.tell(ctx, asOf, page.last(), more)
	return answerLines(ctx, "missing profile", body)
}

func (s *Server) missingForm(b *Backend, ctx *fasthttp.RequestCtx, m *missingAsked) *refusal {
	m.limit = min(m.limit, xlsxRowsMax)
	page, more, asOf, refused := s.readPage(b, m)
	if refused != nil {
		return refused
	}
	more = page.cut() || more
	counted := m.counted
	m.counted += len(page.who)
	m.tell(ctx, asOf, page.last(), more)
	return s.answerXLSX(ctx, "missing-"+m.round, func() ([]byte, error) { return rosterForm(b.Engine, page, counted) })
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
