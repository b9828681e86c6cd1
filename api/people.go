package api

import (
	"bytes"
	"strconv"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// getPeople answers the status of everybody known, or of an area, ascending by number: how
// a new subscriber of the feed starts. He takes all pages, then GET /v1/changes from
// X-Feed-Cursor on, and puts each entry over what he has of its person.
//
// That misses nothing. The writer applies a group as a whole and only then appends its
// entries to the feed. The cursor is the end of the feed before anything else of the first
// page is read. An entry up to it is of a group that had been applied by then, so every
// status, being read later, shows it. An entry past it is still to come in the feed. Some
// of those a status shows already; then the subscriber is told of an older state again and
// of every one after it, in order, and ends with the newest. Taken after the first status,
// the cursor would lose what is applied between the two.
//
// as_of is read second, so it is not before the position of the cursor, and no status is
// older than it; one may be newer. Both go from page to page in X-Next-After, so that all
// lines of a walk say one as_of. Whoever is numbered while it lasts comes in the last page
// or in the feed.
func (s *Server) getPeople(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	in, refused := s.instantOf(ctx)
	if refused != nil {
		return refused
	}
	args := ctx.QueryArgs()
	limit, refused := limitOf(args)
	if refused != nil {
		return refused
	}
	area := args.Peek("area")
	if len(area) > 0 && !ingest.IsArea(area) {
		return errAreaInvalid
	}
	w, refused := walkOf(b, args.Peek("after"))
	if refused != nil {
		return refused
	}
	r := readers.Get().(*reader)
	defer readers.Put(r)
	body := listMemory()
	last, more, ok := b.Engine.People(string(area), w.after, limit, func(who engine.PersonOrdinal) bool {
		r.person = b.Engine.AppendPersonID(r.person[:0], who)
		b.Engine.Status(who, &r.status)
		r.status.AsOf = w.asOf
		p := in.proofOf(b, who)
		body = append(s.appendStatus(body, b.Engine, r.person, &r.status, &in, &p), '\n')
		return true
	})
	if !ok {
		return errAreaUnknown
	}
	header := &ctx.Response.Header
	if more {
		w.after = last
		header.SetBytesV("X-Next-After", w.append(nil))
	}
	header.Set("X-As-Of", strconv.FormatUint(uint64(w.asOf), 10))
	header.SetBytesV("X-Feed-Cursor", appendCursor(nil, w.cursor))
	return answerLines(ctx, "people", body)
}

// walk is how far a walk over all people has come, and what all of its pages say. On the
// wire: <number>-<as_of>-<cursor>.
type walk struct {
	after  engine.PersonOrdinal
	asOf   engine.Position
	cursor engine.Cursor
}

// walkOf begins a walk, or goes on with one.
func walkOf(b *Backend, after []byte) (w walk, refused *refusal) {
	if len(after) == 0 {
		w.cursor = b.Feed.End() // first of all: see getPeople
		w.asOf = b.Engine.Applied()
		return w, nil
	}
	parts := bytes.Split(after, []byte("-"))
	if len(parts) != 3 {
		return w, errAfter
	}
	number, err := strconv.ParseUint(string(parts[0]), 10, 32)
	asOf, err2 := strconv.ParseUint(string(parts[1]), 10, 64)
	cursor, ok := parseCursor(parts[2])
	w = walk{engine.PersonOrdinal(number), engine.Position(asOf), cursor}
	if err != nil || err2 != nil || !ok || !bytes.Equal(w.append(nil), after) || w.after == 0 || w.after > b.Engine.Known() ||
		w.cursor > b.Feed.End() || w.cursor.Position() > w.asOf || w.asOf > b.Engine.Applied() {
		return w, errAfter
	}
	return w, nil
}

func (w *walk) append(dst []byte) []byte {
	dst = appendUint(dst, uint64(w.after))
	dst = appendUint(append(dst, '-'), uint64(w.asOf))
	return appendCursor(append(dst, '-'), w.cursor)
}
