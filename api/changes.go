package api

import (
	"context"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
)

var errEnough = errors.New("enough entries")

// changesReader is one request for the feed.
//
// An entry is stored as what changed; its colour is judged when it is read, by the
// policy's window, ?window= and ?at= as everywhere: a negative of last week
// that is delivered today must not arrive as green. Entries do not hold the time of the
// report, so ?basis=reported is refused. X-Next-After always holds the
// cursor to go on from, also when a filter passed nothing.
type changesReader struct {
	server *Server
	b      *Backend
	in     instant
	mask   uint
	limit  int
	after  engine.Cursor // of the last entry looked at
	found  int
	body   []byte
}

// getChanges answers entries after a cursor, oldest first, and waits for them if asked.
func (s *Server) getChanges(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	r := changesReader{server: s, b: b}
	wait, refused := r.ask(ctx)
	if refused != nil {
		return refused
	}
	r.body = listMemory()
	refused = r.read()
	if refused == nil && r.found == 0 && wait > 0 {
		refused = r.wait(wait)
	}
	if refused != nil {
		return refused
	}
	var cursor [16]byte
	ctx.Response.Header.SetBytesV("X-Next-After", appendCursor(cursor[:0], r.after))
	return answerLines(ctx, "changes", r.body)
}

func (r *changesReader) ask(ctx *fasthttp.RequestCtx) (wait time.Duration, refused *refusal) {
	if r.in, refused = r.server.instantOf(ctx); refused != nil {
		return 0, refused
	}
	if r.in.reported {
		return 0, errChangesBasis
	}
	args := ctx.QueryArgs()
	if r.limit, refused = limitOf(args); refused != nil {
		return 0, refused
	}
	var ok bool
	if r.after, ok = parseCursor(args.Peek("after")); !ok || r.after > r.b.Feed.End() {
		return 0, errCursor
	}
	if r.mask, ok = parseStates(string(args.Peek("states"))); !ok {
		return 0, errStates
	}
	if text := args.Peek("wait"); len(text) > 0 {
		var err error
		if wait, err = time.ParseDuration(string(text)); err != nil || wait < 0 {
			return 0, errWait
		}
	}
	return min(wait, waitMax), nil
}

// read takes what there is, up to the limit.
func (r *changesReader) read() *refusal {
	for scanned := 0; r.found < r.limit && scanned < changesScanMax; scanned += changesReadMax {
		before := r.after
		next, err := r.b.Feed.Read(r.after, changesReadMax, r.take)
		if err == nil {
			r.after = max(r.after, next)
		} else if !errors.Is(err, errEnough) {
			r.server.cfg.Logf("cannot read the feed: %v", err)
			return errInternal
		}
		if r.after == before {
			break
		}
	}
	return nil
}

func (r *changesReader) take(c *engine.Change, tubes []engine.TubeIndex) error {
	if r.found == r.limit {
		return errEnough
	}
	r.after = c.Cursor
	if r.mask&(1<<c.State|1<<c.Previous) != 0 {
		r.found++
		r.body = r.append(r.body, c, tubes)
	}
	return nil
}

// wait reads again whenever the feed has grown, until something passes the filter or time is up.
func (r *changesReader) wait(d time.Duration) *refusal {
	s := r.server
	if s.waiters.Add(1) > waitersMax {
		s.waiters.Add(-1)
		return errOverloaded
	}
	defer s.waiters.Add(-1)
	ctx, cancel := context.WithTimeout(s.stopping, d)
	defer cancel()
	for r.found == 0 && r.b.Feed.Wait(ctx, r.after) == nil {
		r.in.now = max(r.in.now, s.now())
		before := r.after
		if refused := r.read(); refused != nil {
			return refused
		}
		if r.after == before && ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

func (r *changesReader) append(dst []byte, c *engine.Change, tubes []engine.TubeIndex) []byte {
	s, e := r.server, r.b.Engine
	// Of a negative the report is what the entry dates from. Where the state dates from
	// something else the swab stands in for the report, which can only be later.
	p, reported := r.in.proofOf(r.b, c.Person), c.NegativeSwab
	if c.State == engine.StateNegative {
		reported = c.Since
	}
	j := judge(c.State, c.NegativeSwab, reported, &p)
	dst = append(dst, `{"cursor":"`...)
	dst = appendCursor(dst, c.Cursor)
	dst = append(dst, `","person":"`...)
	dst = e.AppendPersonID(dst, c.Person)
	dst = append(dst, `","state":`...)
	dst = appendWord(dst, c.State.String())
	dst = append(dst, `,"code":`...)
	dst = appendWord(dst, j.code)
	dst = append(dst, `,"previous":`...)
	dst = appendWord(dst, c.Previous.String())
	dst = append(dst, `,"since":`...)
	dst = s.zone.appendTime(dst, c.Since)
	dst = append(dst, `,"code_until":`...)
	dst = s.appendExpiry(dst, j.expires, j.valid)
	dst = append(dst, `,"tubes":[`...)
	dst = appendTubeCodes(dst, e, tubes)
	dst = append(dst, `],"recollection":`...)
	if c.Order == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendOrderID(dst, c.Order)
	}
	return append(dst, "}\n"...)
}
